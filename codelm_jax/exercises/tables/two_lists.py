"""Two lists of integers taken together."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "two_lists",
    """
@(add/subtract/multiply)_lists elementwise_@(sum/difference/product) : L M -> list[int]
- a list with the @(sums/differences/products) of the items of $L and $M at the same index, as far as both go
> return [$x @(+/-/*) $y for $x, $y in zip($L, $M)]
> $result = []
  for i in range(min(len($L), len($M))):
      $result.append($L[i] @(+/-/*) $M[i])
  return $result

elementwise_@(max/min) : L M -> list[int]
- a list with the @(larger/smaller) of the items of $L and $M at each index, as far as both go
> return [@(max/min)($x, $y) for $x, $y in zip($L, $M)]
> $result = []
  for $x, $y in zip($L, $M):
      if $x @(>/<) $y:
          $result.append($x)
      else:
          $result.append($y)
  return $result

sum_of_@(products/absolute_differences/larger_ones/smaller_ones) : L M -> int
- the sum of the @(products/absolute differences/larger ones/smaller ones) of the items of $L and $M at the same index
> return sum(@($x * $y/abs($x - $y)/max($x, $y)/min($x, $y)) for $x, $y in zip($L, $M))
> $total = 0
  for $x, $y in zip($L, $M):
      $total += @($x * $y/abs($x - $y)/max($x, $y)/min($x, $y))
  return $total

count_@(greater/smaller/equal) : L M -> int
- how many items of $L are @(greater than/less than/equal to) the item of $M at the same index
> return sum($x @(>/</==) $y for $x, $y in zip($L, $M))
> $count = 0
  for $x, $y in zip($L, $M):
      if $x @(>/</==) $y:
          $count += 1
  return $count

has_@(larger/smaller)_sum : L M -> bool
- ? the sum of $L is @(greater/less) than the sum of $M
> return sum($L) @(>/<) sum($M)
> balance = 0
  for $x in $L:
      balance += $x
  for $y in $M:
      balance -= $y
  return balance @(>/<) 0

list_with_@(larger/smaller)_sum : L M -> list[int]
- the one of $L and $M with the @(larger/smaller) sum; $L if they are equal
> if sum($M) @(>/<) sum($L):
      return $M
  return $L

@(sum/product)_of_sums : L M -> int
- the @(sum of all items of $L and $M/product of the sum of $L and the sum of $M)
> return sum($L) @(+/*) sum($M)
> first_total = sum($L)
  second_total = sum($M)
  return first_total @(+/*) second_total

@(largest/smallest)_in_either : L+ M+ -> int
- the @(largest/smallest) number in $L and $M together
> return @(max/min)(@(max/min)($L), @(max/min)($M))
> return @(max/min)($L + $M)

count_$P_in_both : L M -> int
- how many numbers in $L and $M together $Ps
> return sum(1 for $x in $L + $M if $P)
> $count = 0
  for $x in $L:
      if $P:
          $count += 1
  for $x in $M:
      if $P:
          $count += 1
  return $count

$P_in_both common_$P : L M -> list[int]
- the items of $L that are also in $M and $Ps
> return [$x for $x in $L if $x in $M and ($P)]
> $result = []
  for $x in $L:
      if ($P) and $x in $M:
          $result.append($x)
  return $result

$P_only_in_first : L M -> list[int]
- the items of $L that are not in $M and $Ps
> return [$x for $x in $L if $x not in $M and ($P)]
> $result = []
  for $x in $L:
      if $x in $M:
          continue
      if $P:
          $result.append($x)
  return $result

all_$P_from_both merge_$P : L M -> list[int]
- the numbers of $L and then of $M that $Ps
> return [$x for $x in $L + $M if $P]
> $result = []
  for $x in $L + $M:
      if $P:
          $result.append($x)
  return $result

$Es_of_both : L M -> list[int]
- a list of $E(each number) in $L, then of each number in $M
> return [$E for $x in $L + $M]
> $result = []
  for $x in $L:
      $result.append($E)
  for $x in $M:
      $result.append($E)
  return $result

merged_@(ascending/descending) sorted_union_@(ascending/descending) : L M -> list[int]
- all numbers of $L and $M in @(ascending/descending) order
> return sorted($L + $M@(/, reverse=True))
> $result = list($L)
  $result.extend($M)
  $result.sort(@(/reverse=True))
  return $result

merge_sorted_lists : L M -> list[int]
- the numbers of $L and $M merged: each time the smaller of the two first remaining ones is taken
> $result = []
  i = j = 0
  while i < len($L) and j < len($M):
      if $L[i] <= $M[j]:
          $result.append($L[i])
          i += 1
      else:
          $result.append($M[j])
          j += 1
  return $result + $L[i:] + $M[j:]

pairs_with_@(sum/difference/product) : L M target:item -> list[tuple[int, int]]
- all pairs of an item of $L and an item of $M with the @(sum/difference/product) target
> return [($x, $y) for $x in $L for $y in $M if $x @(+/-/*) $y == target]
> $result = []
  for $x in $L:
      for $y in $M:
          if $x @(+/-/*) $y == target:
              $result.append(($x, $y))
  return $result

count_pairs_where_first_@(greater/smaller) : L M -> int
- how many pairs of an item of $L and an item of $M have the @(greater/smaller) one in $L
> $count = 0
  for $x in $L:
      for $y in $M:
          if $x @(>/<) $y:
              $count += 1
  return $count
> return sum($x @(>/<) $y for $x in $L for $y in $M)

all_@(sums/products) : L M -> list[int]
- the list of the @(sums/products) of every item of $L with every item of $M
> return [$x @(+/*) $y for $x in $L for $y in $M]
> $result = []
  for $x in $L:
      for $y in $M:
          $result.append($x @(+/*) $y)
  return $result

select_where_@(nonzero/zero) : L M -> list[int]
- the items of $L at the indexes at which $M holds a value that is @(not 0/0), as far as both go
> return [$x for $x, $y in zip($L, $M) if $y @(!=/==) 0]
> $result = []
  for $x, $y in zip($L, $M):
      if $y @(!=/==) 0:
          $result.append($x)
  return $result

$P_dictionary index_$P : L M -> dict[int, int]
- a dictionary from the items of $L to the items of $M at the same index, for those keys that $Ps
> return {$x: $y for $x, $y in zip($L, $M) if $P}
> $result = {}
  for $x, $y in zip($L, $M):
      if $P:
          $result[$x] = $y
  return $result
""",
)
