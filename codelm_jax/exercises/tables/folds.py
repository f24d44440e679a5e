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
> lead = 0
  for $x in $L:
      if $P:
          lead += 1
      if $R:
          lead -= 1
  return lead @(>/<) 0

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
""",
)
