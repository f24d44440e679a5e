"""A list of integers becomes one value: counts, sums, extremes, searches, tests."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "folds",
    """
count_$P number_of_$P count_$P_$L : L -> int
- the number of $PL
- how many of the $L $Ps
- ! Count the $PL
> return sum(1 for $x in $L if $P)
> return len([$x for $x in $L if $P])
> $count = 0
  for $x in $L:
      if $P:
          $count += 1
  return $count
> $count = 0
  for i in range(len($L)):
      if $P($L[i]):
          $count += 1
  return $count

sum_of_$P sum_$P_$L total_of_$P : L -> int
- the sum of the $PL
- the total of all $PL
- ! Add up the $PL
> return sum($x for $x in $L if $P)
> $total = 0
  for $x in $L:
      if $P:
          $total += $x
  return $total
> chosen = [$x for $x in $L if $P]
  return sum(chosen)
> $total = 0
  for $x in $L:
      if $!P:
          continue
      $total += $x
  return $total

product_of_$P multiply_$P : L -> int
- the product of the $PL, or 1 if there are none
> $total = 1
  for $x in $L:
      if $P:
          $total *= $x
  return $total

sum_of_$Es sum_of_$E_of_$L : L -> int
- the sum of $EL
> return sum($E for $x in $L)
> $total = 0
  for $x in $L:
      $total += $E
  return $total
> $total = 0
  for i in range(len($L)):
      $total += $E($L[i])
  return $total

product_of_$Es : L -> int
- the product of $EL, or 1 if the list is empty
> $total = 1
  for $x in $L:
      $total *= $E
  return $total

sum_of_$Es_of_$P : L -> int
- the sum of $EPL
> return sum($E for $x in $L if $P)
> $total = 0
  for $x in $L:
      if $P:
          $total += $E
  return $total

product_of_$Es_of_$P : L -> int
- the product of $EPL, or 1 if there are none
> $total = 1
  for $x in $L:
      if $P:
          $total *= $E
  return $total

$E_of_@(sum/largest/smallest/length) : L+ -> int
- $E(the @(sum/largest/smallest/number) of the $L)
> $total = @(sum/max/min/len)($L)
  return $E($total)

@(largest/smallest)_$E @(highest/lowest)_$E : L+ -> int
- the @(largest/smallest) value among these: $EL
> return @(max/min)($E for $x in $L)
> best = $E($L[0])
  for $x in $L:
      if $E @(>/<) best:
          best = $E
  return best

@(largest/smallest)_of_$P find_@(largest/smallest)_$P : L -> int | None
- the @(largest/smallest) of the $PL, or None if there are none
> best = None
  for $x in $L:
      if ($P) and (best is None or $x @(>/<) best):
          best = $x
  return best
> return @(max/min)([$x for $x in $L if $P], default=None)
> chosen = [$x for $x in $L if $P]
  if not chosen:
      return None
  return @(max/min)(chosen)

@(first/last)_$P find_@(first/last)_$P : L -> int | None
- the @(first/last) of the $PL, or None if there are none
> for $x in @($L/reversed($L)):
      if $P:
          return $x
  return None
> chosen = [$x for $x in $L if $P]
  return chosen[@(0/-1)] if chosen else None

index_of_@(first/last)_$P @(first/last)_index_of_$P : L -> int
- the index of the @(first/last) $x that $P, or -1 if there is none
> for i in @(range(len($L))/range(len($L) - 1, -1, -1)):
      if $P($L[i]):
          return i
  return -1
> found = -1
  for i, $x in enumerate($L):
      if $P:
          found = @(i if found == -1 else found/i)
  return found

@(any/all)_$P @(has/only)_$P : L -> bool
- ? @(at least one $x in the list/every $x in the list) $P
- ? @(any/all) of the $L @($P/$Ps)
> return @(any/all)($P for $x in $L)
> for $x in $L:
      if @($P/$!P):
          return @(True/False)
  return @(False/True)

no_$P none_$P : L -> bool
- ? none of the $L $Ps
> return not any($P for $x in $L)
> return all($!P for $x in $L)
> for $x in $L:
      if $P:
          return False
  return True

@(more/fewer)_$P_than_$R : L -> bool
- ? there are @(more/fewer) $PL than $RL
> first_count = sum(1 for $x in $L if $P)
  second_count = sum(1 for $x in $L if $R)
  return first_count @(>/<) second_count
> balance = 0
  for $x in $L:
      if $P:
          balance += 1
      if $R:
          balance -= 1
  return balance @(>/<) 0

sum_$P_minus_sum_$R : L -> int
- the sum of the $PL minus the sum of the $RL
> return sum($x for $x in $L if $P) - sum($x for $x in $L if $R)
> $total = 0
  for $x in $L:
      if $P:
          $total += $x
      if $R:
          $total -= $x
  return $total

count_$P_@(and/or)_$R : L -> int
- how many of the $L $Ps @(and/or) $Rs
> return sum(1 for $x in $L if ($P) @(and/or) ($R))
> $count = 0
  for $x in $L:
      if ($P) @(and/or) ($R):
          $count += 1
  return $count

at_@(least/most)_$j_$P : L -> bool
- ? at @(least/most) $j of the $L $Ps
> return sum(1 for $x in $L if $P) @(>=/<=) $j
> $count = 0
  for $x in $L:
      if $P:
          $count += 1
  return $count @(>=/<=) $j

@(majority/minority)_$P most_$L_@(are/are_not)_$P : L -> bool
- ? @(more/fewer) than half of the $L $Ps
> $count = sum(1 for $x in $L if $P)
  return 2 * $count @(>/<) len($L)

mean_of_$P average_$P : L -> float
- the mean of the $PL, or 0 if there are none
> chosen = [$x for $x in $L if $P]
  if not chosen:
      return 0
  return sum(chosen) / len(chosen)
> $total = 0
  how_many = 0
  for $x in $L:
      if $P:
          $total += $x
          how_many += 1
  return $total / how_many if how_many else 0

mean_of_$Es : L+ -> float
- the mean of $EL
> return sum($E for $x in $L) / len($L)
> $total = 0
  for $x in $L:
      $total += $E
  return $total / len($L)

median_of_$L median : L+ -> float
- the median of the $L (the mean of the middle two if their number is even)
> ordered = sorted($L)
  middle = len(ordered) // 2
  if len(ordered) % 2 == 1:
      return ordered[middle]
  return (ordered[middle - 1] + ordered[middle]) / 2

mean_without_extremes : L+ -> float
- the mean of the $L without the largest and the smallest one; 0 if there are fewer than three
> if len($L) < 3:
      return 0
  return (sum($L) - max($L) - min($L)) / (len($L) - 2)

spread_of_$L range_of_$L : L+ -> int
- the difference between the largest and the smallest of the $L
> return max($L) - min($L)
> low = high = $L[0]
  for $x in $L:
      if $x < low:
          low = $x
      if $x > high:
          high = $x
  return high - low

sum_of_@(largest/smallest)_$j sum_@(top/bottom)_$j : L -> int
- the sum of the $j @(largest/smallest) of the $L
> return sum(sorted($L)@([-$j:]/[:$j]))
> ordered = sorted($L, reverse=@(True/False))
  return sum(ordered[:$j])

@(second_largest/second_smallest) find_@(second_largest/second_smallest) : L -> int | None
- the second @(largest/smallest) of the $L (equal ones count separately), or None if there are fewer than two
> if len($L) < 2:
      return None
  return sorted($L)[@(-2/1)]

index_of_@(largest/smallest) position_of_@(max/min) : L+ -> int
- the index of the first @(largest/smallest) of the $L
> return $L.index(@(max/min)($L))
> best = 0
  for i in range(1, len($L)):
      if $L[i] @(>/<) $L[best]:
          best = i
  return best

count_of_@(largest/smallest) : L+ -> int
- how often the @(largest/smallest) of the $L occurs
> return $L.count(@(max/min)($L))
> best = @(max/min)($L)
  $count = 0
  for $x in $L:
      if $x == best:
          $count += 1
  return $count

@(largest/smallest)_@(below/above) : L limit:int -> int | None
- the @(largest/smallest) of the $L that is @(less/greater) than limit, or None if there is none
> return @(max/min)([$x for $x in $L if $x @(</>) limit], default=None)
> best = None
  for $x in $L:
      if $x @(</>) limit and (best is None or $x @(>/<) best):
          best = $x
  return best

closest_to find_closest : L+ target:int -> int
- the one of the $L that is closest to target; the first one if several are
> return min($L, key=lambda $x: abs($x - target))
> best = $L[0]
  for $x in $L:
      if abs($x - target) < abs(best - target):
          best = $x
  return best

$L_@(above/below)_mean count_@(above/below)_average : L+ -> int
- how many of the $L are @(greater/less) than their mean
> mean = sum($L) / len($L)
  return sum(1 for $x in $L if $x @(>/<) mean)

count_@(equal_to/greater_than/less_than/at_least/at_most) count_$L_@(equal_to/greater_than/less_than/at_least/at_most) : L limit:item -> int
- how many of the $L are @(equal to/greater than/less than/at least/at most) limit
> return sum(1 for $x in $L if $x @(==/>/</>=/<=) limit)
> $count = 0
  for $x in $L:
      if $x @(==/>/</>=/<=) limit:
          $count += 1
  return $count

sum_@(equal_to/greater_than/less_than/at_least/at_most) : L limit:item -> int
- the sum of those of the $L that are @(equal to/greater than/less than/at least/at most) limit
> return sum($x for $x in $L if $x @(==/>/</>=/<=) limit)
> $total = 0
  for $x in $L:
      if $x @(==/>/</>=/<=) limit:
          $total += $x
  return $total

count_@(between/outside) : L low:natural high:positive -> int
- how many of the $L lie @(between low and high, both included/below low or above high)
> return sum(1 for $x in $L if @(low <= $x <= high/$x < low or $x > high))
> $count = 0
  for $x in $L:
      if @(low <= $x <= high/$x < low or $x > high):
          $count += 1
  return $count

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
