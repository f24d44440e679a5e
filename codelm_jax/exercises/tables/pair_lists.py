"""Lists of pairs of a string and an integer; two dictionaries."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "pair_lists",
    """
merge_dictionaries_@(sum/max/last) combine_@(sum/max/last) : first:scores second:scores -> dict[str, int]
- a dictionary with the entries of first and second; where both have a key, @(the values are added/the larger value is taken/the value of second is taken)
> $result = dict(first)
  for key, value in second.items():
      if key in $result:
          $result[key] = @($result[key] + value/max($result[key], value)/value)
      else:
          $result[key] = value
  return $result

keys_@(in_both/only_in_first) : first:scores second:scores -> list[str]
- the sorted list of the keys of first that second @(has too/does not have)
> return sorted(key for key in first if key @(in/not in) second)
> $result = []
  for key in first:
      if key @(in/not in) second:
          $result.append(key)
  return sorted($result)

sum_of_pair_$values : T -> int
- the sum of the second items of all pairs in $T
> return sum($value for _, $value in $T)
> $total = 0
  for $key, $value in $T:
      $total += $value
  return $total

sum_of_$P_pairs : T -> int
- the sum of the second items of those pairs in $T whose second item $P
> return sum($value for _, $value in $T if $P)
> $total = 0
  for $key, $value in $T:
      if $P:
          $total += $value
  return $total

@(first/second)_of_pairs : T -> list[@(str/int)]
- a list of the @(first/second) items of the pairs in $T
> return [pair[@(0/1)] for pair in $T]
> $result = []
  for $key, $value in $T:
      $result.append($@(key/value))
  return $result

$keys_of_pairs_$P : T -> list[str]
- a list of the first items of those pairs in $T whose second item $P
> return [$key for $key, $value in $T if $P]
> $result = []
  for $key, $value in $T:
      if $P:
          $result.append($key)
  return $result

sum_by_key totals_by_$key : T -> dict[str, int]
- a dictionary from each first item of the pairs in $T to the sum of its second items
> totals = {}
  for $key, $value in $T:
      totals[$key] = totals.get($key, 0) + $value
  return totals

@(largest/smallest)_by_key : T -> dict[str, int]
- a dictionary from each first item of the pairs in $T to the @(largest/smallest) of its second items
> best = {}
  for $key, $value in $T:
      if $key not in best or $value @(>/<) best[$key]:
          best[$key] = $value
  return best

group_pairs collect_by_$key : T -> dict[str, list[int]]
- a dictionary from each first item of the pairs in $T to the list of its second items
> groups = {}
  for $key, $value in $T:
      if $key not in groups:
          groups[$key] = []
      groups[$key].append($value)
  return groups

sort_pairs_by_@(first/second) : T -> list[tuple[str, int]]
- the pairs in $T sorted by their @(first/second) item
> return sorted($T, key=lambda pair: pair[@(0/1)])

first_value_by_key : T -> dict[str, int]
- a dictionary made of the pairs in $T; where a first item occurs several times, the first pair counts
> $result = {}
  for $key, $value in $T:
      if $key not in $result:
          $result[$key] = $value
  return $result

last_value_by_key : T -> dict[str, int]
- a dictionary made of the pairs in $T; where a first item occurs several times, the last pair counts
> return dict($T)
> $result = {}
  for $key, $value in $T:
      $result[$key] = $value
  return $result

swap_pairs : T -> list[tuple[int, str]]
- the pairs in $T with their two items exchanged
> return [($value, $key) for $key, $value in $T]
> $result = []
  for $key, $value in $T:
      $result.append(($value, $key))
  return $result

count_pairs_of : T wanted:word -> int
- how many pairs in $T have wanted as their first item
> return sum(1 for $key, _ in $T if $key == wanted)
> $count = 0
  for $key, $value in $T:
      if $key == wanted:
          $count += 1
  return $count
""",
)
