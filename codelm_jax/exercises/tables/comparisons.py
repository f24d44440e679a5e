"""A list of integers compared with a limit, a target or its own extremes."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "comparisons",
    """
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
""",
)
