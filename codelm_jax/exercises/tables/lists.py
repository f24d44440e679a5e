"""A list becomes another list: mapping, filtering, slicing, sorting, rearranging."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "lists",
    """
$Es_of_$L $Es list_of_$Es : L -> list[int]
- a list with $EL
- a new list of $EL
> return [$E for $x in $L]
> $result = []
  for $x in $L:
      $result.append($E)
  return $result
> return list(map(lambda $x: $E, $L))
> $result = []
  for i in range(len($L)):
      $result.append($E($L[i]))
  return $result

keep_$P select_$P only_$P : L -> list[int]
- a list of the $PL
- the $PL, in their original order
- ! Filter the $L so that only $PL are left
> return [$x for $x in $L if $P]
> $result = []
  for $x in $L:
      if $P:
          $result.append($x)
  return $result
> return list(filter(lambda $x: $P, $L))

remove_$P without_$P drop_$P : L -> list[int]
- the $L without those that $Ps
- ! Remove the $PL from the list
> return [$x for $x in $L if $!P]
> $result = []
  for $x in $L:
      if $P:
          continue
      $result.append($x)
  return $result
> $result = []
  for $x in $L:
      if $!P:
          $result.append($x)
  return $result

$Es_of_$P : L -> list[int]
- a list with $EPL
> return [$E for $x in $L if $P]
> $result = []
  for $x in $L:
      if $P:
          $result.append($E)
  return $result
> chosen = [$x for $x in $L if $P]
  return [$E for $x in chosen]

$Es_then_keep_$P : L -> list[int]
- a list of $EL, keeping only those results that $Ps
> $result = []
  for $x in $L:
      new = $E
      if $P(new):
          $result.append(new)
  return $result

$E_only_$P replace_$P_by_$E : L -> list[int]
- the $L, where each $x that $P is replaced by $E(it)
> return [$E if $P else $x for $x in $L]
> $result = []
  for $x in $L:
      if $P:
          $result.append($E)
      else:
          $result.append($x)
  return $result

$E_if_$P_else_$F_each : L -> list[int]
- a list with, for each $x, $E($x) if it $P, and $F($x) otherwise
> return [$E if $P else $F for $x in $L]
> $result = []
  for $x in $L:
      if $P:
          $result.append($E)
      else:
          $result.append($F)
  return $result

replace_$P_by_$K set_$P_to_$K : L -> list[int]
- the $L, where each $x that $P is replaced by $K
> return [$K if $P else $x for $x in $L]
> $result = []
  for $x in $L:
      if $P:
          $result.append($K)
      else:
          $result.append($x)
  return $result

flags_$P mark_$P : L -> list[bool]
- a list that says for each $x whether it $P
> return [$P for $x in $L]
> $result = []
  for $x in $L:
      $result.append($P)
  return $result

indexes_of_$P positions_of_$P : L -> list[int]
- the indexes of the $PL
> return [i for i, $x in enumerate($L) if $P]
> $result = []
  for i in range(len($L)):
      if $P($L[i]):
          $result.append(i)
  return $result

split_by_$P partition_$P : L -> tuple[list[int], list[int]]
- a tuple of two lists: the $PL and all others
> chosen = [$x for $x in $L if $P]
  others_left = [$x for $x in $L if $!P]
  return chosen, others_left
> yes = []
  no = []
  for $x in $L:
      if $P:
          yes.append($x)
      else:
          no.append($x)
  return yes, no

$P_@(first/last) move_$P_to_@(front/end) : L -> list[int]
- the $L with those that $Ps moved to the @(front/end), otherwise in the same order
> chosen = [$x for $x in $L if $P]
  rest = [$x for $x in $L if $!P]
  return @(chosen + rest/rest + chosen)

take_while_$P leading_$P : L -> list[int]
- the $L before the first one that does not $Ps
> $result = []
  for $x in $L:
      if $!P:
          break
      $result.append($x)
  return $result

drop_while_$P skip_leading_$P : L -> list[int]
- the $L from the first one on that does not $Ps
> i = 0
  while i < len($L) and ($P($L[i])):
      i += 1
  return $L[i:]
> for i, $x in enumerate($L):
      if $!P:
          return $L[i:]
  return []

@(first/last)_$j_$P : L -> list[int]
- the @(first/last) $j of the $PL
> return [$x for $x in $L if $P]@([:$j]/[-$j:])
> chosen = []
  for $x in $L:
      if $P:
          chosen.append($x)
  return chosen@([:$j]/[-$j:])

@(ascending/descending)_$P sort_$P_@(ascending/descending) : L -> list[int]
- the $PL, sorted in @(ascending/descending) order
> return sorted([$x for $x in $L if $P]@(/, reverse=True))
> chosen = [$x for $x in $L if $P]
  chosen.sort(@(/reverse=True))
  return chosen

@(ascending/descending)_$Es sorted_$Es_@(ascending/descending) : L -> list[int]
- a list with $EL, sorted in @(ascending/descending) order
> return sorted([$E for $x in $L]@(/, reverse=True))
> $result = []
  for $x in $L:
      $result.append($E)
  $result.sort(@(/reverse=True))
  return $result

sort_by_$E_@(ascending/descending) order_by_$E_@(ascending/descending) : L -> list[int]
- the $L sorted in @(ascending/descending) order of the following value: $E(the number)
> return sorted($L, key=lambda $x: $E@(/, reverse=True))

distinct_$P unique_$P : L -> list[int]
- the distinct $PL, in the order of their first occurrence
> $result = []
  for $x in $L:
      if ($P) and $x not in $result:
          $result.append($x)
  return $result
> return list(dict.fromkeys($x for $x in $L if $P))

distinct_$Es : L -> list[int]
- the distinct values among these: $EL, in ascending order
> return sorted({$E for $x in $L})
> seen = set()
  for $x in $L:
      seen.add($E)
  return sorted(seen)

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
