"""A list of integers becomes one value that depends on positions and neighbours."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "positions",
    """
sum_at_@(even/odd)_indexes sum_of_@(even/odd)_positions : L -> int
- the sum of the $L at @(even/odd) indexes
> return sum($L[@(0/1)::2])
> $total = 0
  for i in range(@(0/1), len($L), 2):
      $total += $L[i]
  return $total
> $total = 0
  for i, $x in enumerate($L):
      if i % 2 == @(0/1):
          $total += $x
  return $total

count_$P_at_@(even/odd)_indexes : L -> int
- how many of the $L at @(even/odd) indexes $Ps
> return sum(1 for $x in $L[@(0/1)::2] if $P)
> $count = 0
  for i, $x in enumerate($L):
      if i % 2 == @(0/1) and ($P):
          $count += 1
  return $count

alternating_sum_of_$L : L -> int
- the sum of the $L where every second one, beginning with the second, is subtracted
> $total = 0
  for i, $x in enumerate($L):
      if i % 2 == 0:
          $total += $x
      else:
          $total -= $x
  return $total
> return sum($L[::2]) - sum($L[1::2])

weighted_sum_by_@(index/position) : L -> int
- the sum of the $L, each multiplied by its @(index, which begins with 0/position, which begins with 1)
> return sum(i * $x for i, $x in enumerate($L, @(0/1)))
> $total = 0
  for i in range(len($L)):
      $total += @(i/(i + 1)) * $L[i]
  return $total

sum_@(before/after)_first_$P : L -> int
- the sum of the $L @(before/after) the first one that $P@(/; 0 if there is none)
> $total = 0
  seen = False
  for $x in $L:
      if not seen and ($P):
          seen = True
          continue
      if @(not seen/seen):
          $total += $x
  return $total

count_@(before/after)_first_$P : L -> int
- how many of the $L come @(before/after) the first one that $P@( (all of them if there is none)/; 0 if there is none)
> for i, $x in enumerate($L):
      if $P:
          return @(i/len($L) - i - 1)
  return @(len($L)/0)

sum_until_above : L limit:positive -> int
- the sum of the $L from the start, stopping as soon as it is greater than limit
> $total = 0
  for $x in $L:
      $total += $x
      if $total > limit:
          break
  return $total

longest_run_of_$P longest_streak_$P : L -> int
- the length of the longest run of neighbours in the list that $Ps
> longest = current = 0
  for $x in $L:
      if $P:
          current += 1
          longest = max(longest, current)
      else:
          current = 0
  return longest

count_runs_of_$P : L -> int
- how many separate runs of neighbours there are in the list that $Ps
> $count = 0
  inside = False
  for $x in $L:
      if ($P) and not inside:
          $count += 1
      inside = $P
  return $count

count_@(increases/decreases/repeats) : L -> int
- how many of the $L are @(greater than/less than/equal to) the one before
> return sum(1 for i in range(1, len($L)) if $L[i] @(>/</==) $L[i - 1])
> $count = 0
  for previous, current in zip($L, $L[1:]):
      if current @(>/</==) previous:
          $count += 1
  return $count

is_strictly_@(increasing/decreasing) $L_@(increase/decrease) : L -> bool
- ? every one of the $L is @(greater/less) than the one before
> return all($L[i] @(>/<) $L[i - 1] for i in range(1, len($L)))
> for i in range(1, len($L)):
      if $L[i] @(<=/>=) $L[i - 1]:
          return False
  return True

neighbours_differ_by_@(at_most/at_least)_$k : L -> bool
- ? all neighbours in the list differ by @(at most/at least) $k
> return all(abs($L[i] - $L[i - 1]) @(<=/>=) $k for i in range(1, len($L)))
> for i in range(1, len($L)):
      if abs($L[i] - $L[i - 1]) @(>/<) $k:
          return False
  return True

@(largest/smallest)_@(gap/step) : L -> int
- the @(largest/smallest) absolute difference between neighbours in the list; 0 if there are fewer than two $L
> steps = [abs($L[i + 1] - $L[i]) for i in range(len($L) - 1)]
  return @(max/min)(steps, default=0)
> if len($L) < 2:
      return 0
  return @(max/min)(abs(right - left) for left, right in zip($L, $L[1:]))

@(sum/product)_of_first_and_last : L+ -> int
- the @(sum/product) of the first and the last of the $L
> return $L[0] @(+/*) $L[-1]
> first = $L[0]
  last = $L[-1]
  return first @(+/*) last

count_distinct_$Es : L -> int
- how many different values there are among these: $EL
> return len({$E for $x in $L})
> seen = set()
  for $x in $L:
      seen.add($E)
  return len(seen)

count_pairs_@(with_sum/with_difference) : L target:item -> int
- how many pairs of positions in the list hold two $L with the @(sum/absolute difference) target
> $count = 0
  for i in range(len($L)):
      for j in range(i + 1, len($L)):
          if @($L[i] + $L[j]/abs($L[i] - $L[j])) == target:
              $count += 1
  return $count

has_pair_@(with_sum/with_product) : L target:item -> bool
- ? two $L at different positions have the @(sum/product) target
> for i in range(len($L)):
      for j in range(i + 1, len($L)):
          if $L[i] @(+/*) $L[j] == target:
              return True
  return False

best_@(sum/product)_of_neighbours : L -> int | None
- the largest @(sum/product) of two neighbouring $L, or None if there are fewer than two
> if len($L) < 2:
      return None
  return max($L[i] @(+/*) $L[i + 1] for i in range(len($L) - 1))

mean_above_smallest : X+ -> float
- the mean of the $X minus the smallest one
> return sum($X) / len($X) - min($X)

count_$X_@(above/below) : X+ limit:float -> int
- how many of the $X are @(greater/less) than limit
> return sum(1 for $x in $X if $x @(>/<) limit)
> $count = 0
  for $x in $X:
      if $x @(>/<) limit:
          $count += 1
  return $count
""",
)
