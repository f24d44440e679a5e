"""A list of integers, rearranged, compared with its neighbours or limited."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "rearranged",
    """
running_@(total/maximum/minimum) cumulative_@(sum/max/min) : L -> list[int]
- a list that holds at each position the @(sum/largest/smallest) of all $L up to there
> return [@(sum/max/min)($L[: i + 1]) for i in range(len($L))]
> $result = []
  for $x in $L:
      if $result:
          $result.append(@($result[-1] + $x/max($result[-1], $x)/min($result[-1], $x)))
      else:
          $result.append($x)
  return $result

running_product cumulative_product : L -> list[int]
- a list that holds at each position the product of all $L up to there
> $result = []
  $total = 1
  for $x in $L:
      $total *= $x
      $result.append($total)
  return $result

running_count_of_$P : L -> list[int]
- a list that holds at each position how many $L up to there $Ps
> $result = []
  $count = 0
  for $x in $L:
      if $P:
          $count += 1
      $result.append($count)
  return $result

running_total_of_$Es : L -> list[int]
- the running totals of $EL
> $result = []
  $total = 0
  for $x in $L:
      $total += $E
      $result.append($total)
  return $result

neighbour_@(differences/sums/products/maxima/minima) pairwise_@(differences/sums/products/maxima/minima) : L -> list[int]
- the @(differences (later minus earlier)/sums/products/larger ones/smaller ones) of neighbouring $L
> return [@($L[i + 1] - $L[i]/$L[i] + $L[i + 1]/$L[i] * $L[i + 1]/max($L[i], $L[i + 1])/min($L[i], $L[i + 1])) for i in range(len($L) - 1)]
> $result = []
  for left, right in zip($L, $L[1:]):
      $result.append(@(right - left/left + right/left * right/max(left, right)/min(left, right)))
  return $result

greater_than_@(previous/next) $L_greater_than_@(previous/next) : L -> list[int]
- the $L that are greater than the one @(before/after) them
> return [@($L[i] for i in range(1, len($L)) if $L[i] > $L[i - 1]/$L[i] for i in range(len($L) - 1) if $L[i] > $L[i + 1])]
> $result = []
  for left, right in zip($L, $L[1:]):
      if @(right > left/left > right):
          $result.append(@(right/left))
  return $result

local_@(peaks/valleys) : L -> list[int]
- the $L that are @(greater/less) than both of their neighbours
> $result = []
  for i in range(1, len($L) - 1):
      if $L[i] @(>/<) $L[i - 1] and $L[i] @(>/<) $L[i + 1]:
          $result.append($L[i])
  return $result

new_@(maxima/minima) record_@(highs/lows) : L -> list[int]
- the $L that are @(greater/less) than all before them, beginning with the first one
> $result = []
  for $x in $L:
      if not $result or $x @(>/<) $result[-1]:
          $result.append($x)
  return $result

add_@(index/position)_to_each : L -> list[int]
- a list with each of the $L increased by its @(index, beginning with 0/position, beginning with 1)
> return [$x + i for i, $x in enumerate($L, @(0/1))]
> $result = []
  for i in range(len($L)):
      $result.append($L[i] + @(i/i + 1))
  return $result

multiply_by_@(index/position) : L -> list[int]
- a list with each of the $L multiplied by its @(index, beginning with 0/position, beginning with 1)
> return [$x * i for i, $x in enumerate($L, @(0/1))]
> $result = []
  for i, $x in enumerate($L, @(0/1)):
      $result.append(i * $x)
  return $result

$E_at_@(even/odd)_indexes : L -> list[int]
- the $L, where each one at an @(even/odd) index is replaced by $E(it)
> return [$E if i % 2 == @(0/1) else $x for i, $x in enumerate($L)]
> $result = list($L)
  for i in range(@(0/1), len($L), 2):
      $result[i] = $E($L[i])
  return $result

differences_to_@(mean/max/min/first) distances_from_@(mean/max/min/first) : L+ -> list[@(float/int/int/int)]
- a list with each of the $L minus the @(mean/largest/smallest/first) of them
> reference = @(sum($L) / len($L)/max($L)/min($L)/$L[0])
  return [$x - reference for $x in $L]

without_@(largest/smallest)_once drop_one_@(max/min) : L+ -> list[int]
- the $L without the first @(largest/smallest) one
> $result = list($L)
  $result.remove(@(max/min)($L))
  return $result

without_all_@(largest/smallest) remove_every_@(max/min) : L+ -> list[int]
- the $L without all those that are equal to the @(largest/smallest)
> limit = @(max/min)($L)
  return [$x for $x in $L if $x != limit]

increase_each_by add_to_each : L amount:int -> list[int]
- a list of the $L, each increased by amount
> return [$x + amount for $x in $L]
> $result = []
  for $x in $L:
      $result.append($x + amount)
  return $result

multiply_each_by scale_$L : L factor:int -> list[int]
- a list of the $L, each multiplied by factor
> return [$x * factor for $x in $L]
> $result = []
  for $x in $L:
      $result.append(factor * $x)
  return $result

limit_each_to_@(most/least) cap_$L_@(above/below) : L limit:int -> list[int]
- the $L with each one that is @(greater/less) than limit replaced by limit
> return [@(min/max)($x, limit) for $x in $L]
> $result = []
  for $x in $L:
      if $x @(>/<) limit:
          $result.append(limit)
      else:
          $result.append($x)
  return $result

keep_@(greater_than/less_than/at_least/at_most/equal_to/different_from) filter_@(greater_than/less_than/at_least/at_most/equal_to/different_from) : L limit:item -> list[int]
- the $L that are @(greater than/less than/at least/at most/equal to/different from) limit
> return [$x for $x in $L if $x @(>/</>=/<=/==/!=) limit]
> $result = []
  for $x in $L:
      if $x @(>/</>=/<=/==/!=) limit:
          $result.append($x)
  return $result

keep_@(between/outside) : L low:natural high:positive -> list[int]
- the $L that lie @(between low and high, both included/below low or above high)
> return [$x for $x in $L if @(low <= $x <= high/$x < low or $x > high)]
> $result = []
  for $x in $L:
      if @(low <= $x <= high/not low <= $x <= high):
          $result.append($x)
  return $result

keep_divisible_by multiples_of : L divisor:size -> list[int]
- the $L that are divisible by divisor
> return [$x for $x in $L if $x % divisor == 0]
> $result = []
  for $x in $L:
      if $x % divisor == 0:
          $result.append($x)
  return $result

@(largest/smallest)_n_sorted @(top/bottom)_n : L n:small -> list[int]
- the n @(largest/smallest) of the $L, the @(largest/smallest) first
> return sorted($L@(, reverse=True/))[:n]

insertion_sort_@(ascending/descending) : L -> list[int]
- a copy of the $L in @(ascending/descending) order, made by inserting one after the other
> $result = []
  for $x in $L:
      i = 0
      while i < len($result) and $result[i] @(</>) $x:
          i += 1
      $result.insert(i, $x)
  return $result

insert_sorted insert_in_order : L new:item -> list[int]
- the $L, which are in ascending order, with new inserted before the first greater one
> i = 0
  while i < len($L) and $L[i] <= new:
      i += 1
  return $L[:i] + [new] + $L[i:]

to_strings : L -> list[str]
- a list of the $L as strings
> return [str($x) for $x in $L]
> return list(map(str, $L))
> $result = []
  for $x in $L:
      $result.append(str($x))
  return $result

joined_with_$P join_$P : L -> str
- the $PL as one string, separated by "$sep"
> return "$sep".join(str($x) for $x in $L if $P)
> parts = []
  for $x in $L:
      if $P:
          parts.append(str($x))
  return "$sep".join(parts)

joined_$Es join_$Es : L -> str
- one string of $EL, separated by "$sep"
> return "$sep".join(str($E) for $x in $L)
> parts = [str($E) for $x in $L]
  return "$sep".join(parts)

@(pairs/triples)_of_neighbours : L -> list[tuple]
- the list of all @(pairs/triples) of neighbouring $L as tuples
> return [@(($L[i], $L[i + 1])/($L[i], $L[i + 1], $L[i + 2])) for i in range(len($L) - @(1/2))]

number_with_$E with_$E_pairs : L -> list[tuple[int, int]]
- a list of tuples, each with one of the $L and $E(it)
> return [($x, $E) for $x in $L]
> $result = []
  for $x in $L:
      $result.append(($x, $E))
  return $result

fill_gaps : L+ -> list[int]
- all integers from the smallest to the largest of the $L that are not among them
> return [i for i in range(min($L), max($L)) if i not in $L]
> $result = []
  for i in range(min($L) + 1, max($L)):
      if i not in $L:
          $result.append(i)
  return $result

repeat_by_value : L -> list[int]
- a list in which every positive one of the $L occurs as many times as its value says
> $result = []
  for $x in $L:
      $result.extend([$x] * max($x, 0))
  return $result
> return [$x for $x in $L for _ in range($x)]

moving_@(sums/maxima/minima)_of_$j : L -> list[int]
- the @(sum/largest/smallest) of each $j neighbouring $L
> return [@(sum/max/min)($L[i : i + $j]) for i in range(len($L) - $j + 1)]
> $result = []
  for start in range(len($L) - $j + 1):
      window = $L[start : start + $j]
      $result.append(@(sum/max/min)(window))
  return $result
""",
)
