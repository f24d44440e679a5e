"""Dictionaries from strings to integers, and lists of such pairs."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "dictionaries",
    """
sum_of_$P_values total_of_$P : D -> int
- the sum of those $values in $D that $Ps
> return sum($value for $value in $D.values() if $P)
> $total = 0
  for $value in $D.values():
      if $P:
          $total += $value
  return $total

count_$P_values : D -> int
- how many $values in $D $Ps
> return sum(1 for $value in $D.values() if $P)
> $count = 0
  for $key in $D:
      if $P($D[$key]):
          $count += 1
  return $count

keep_$P_values entries_with_$P : D -> dict[str, int]
- a dictionary with the entries of $D whose $value $P
> return {$key: $value for $key, $value in $D.items() if $P}
> $result = {}
  for $key, $value in $D.items():
      if $P:
          $result[$key] = $value
  return $result

remove_$P_values drop_$P_entries : D -> dict[str, int]
- a dictionary with the entries of $D except those whose $value $P
> return {$key: $value for $key, $value in $D.items() if $!P}
> $result = dict($D)
  for $key, $value in $D.items():
      if $P:
          del $result[$key]
  return $result

keys_with_$P $keys_where_$P : D -> list[str]
- a list of the $keys in $D whose $value $P
> return [$key for $key, $value in $D.items() if $P]
> $result = []
  for $key in $D:
      if $P($D[$key]):
          $result.append($key)
  return $result

keep_$Q_keys entries_with_$Q : D -> dict[str, int]
- a dictionary with the entries of $D whose $key $Q
> return {$key: $value for $key, $value in $D.items() if $Q($key)}
> $result = {}
  for $key, $value in $D.items():
      if $Q($key):
          $result[$key] = $value
  return $result

sum_where_$Q : D -> int
- the sum of the $values in $D of those $keys that $Qs
> return sum($value for $key, $value in $D.items() if $Q($key))
> $total = 0
  for $key, $value in $D.items():
      if $Q($key):
          $total += $value
  return $total

$E_of_values map_values_to_$E : D -> dict[str, int]
- a dictionary with the $keys of $D, where each $value is replaced by $E(the $value)
> return {$key: $E for $key, $value in $D.items()}
> $result = {}
  for $key, $value in $D.items():
      $result[$key] = $E
  return $result

$E_where_$P : D -> dict[str, int]
- a copy of $D in which each $value that $P is replaced by $E(it)
> return {$key: $E if $P else $value for $key, $value in $D.items()}
> $result = {}
  for $key, $value in $D.items():
      if $P:
          $result[$key] = $E
      else:
          $result[$key] = $value
  return $result

$S_keys : D -> dict[str, int]
- a dictionary with the $values of $D, where each $key is replaced by $S(the $key)
> return {$S($key): $value for $key, $value in $D.items()}
> $result = {}
  for $key, $value in $D.items():
      $result[$S($key)] = $value
  return $result

sum_of_$E_values : D -> int
- the sum of $E(each $value) in $D
> return sum($E for $value in $D.values())
> $total = 0
  for $value in $D.values():
      $total += $E
  return $total

@(any/all)_values_$P : D -> bool
- ? @(at least one/every) $value in $D $P
> return @(any/all)($P for $value in $D.values())
> for $value in $D.values():
      if @($P/$!P):
          return @(True/False)
  return @(False/True)

key_of_@(largest/smallest) $key_with_@(highest/lowest)_$value : D+ -> str
- the $key with the @(largest/smallest) $value in $D
> return @(max/min)($D, key=$D.get)
> best = None
  for $key in $D:
      if best is None or $D[$key] @(>/<) $D[best]:
          best = $key
  return best

@(largest/smallest)_value : D+ -> int
- the @(largest/smallest) $value in $D
> return @(max/min)($D.values())
> best = None
  for $value in $D.values():
      if best is None or $value @(>/<) best:
          best = $value
  return best

@(largest/smallest)_value_or_zero : D -> int
- the @(largest/smallest) $value in $D, or 0 if it is empty
> return @(max/min)($D.values(), default=0)
> if not $D:
      return 0
  return @(max/min)($D.values())

total_of_values sum_of_$values : D -> int
- the sum of all $values in $D
> return sum($D.values())
> $total = 0
  for $value in $D.values():
      $total += $value
  return $total
> $total = 0
  for $key in $D:
      $total += $D[$key]
  return $total

mean_of_$values average_$value : D -> float
- the mean of the $values in $D, or 0 if it is empty
> if not $D:
      return 0
  return sum($D.values()) / len($D)

spread_of_values : D+ -> int
- the difference between the largest and the smallest $value in $D
> return max($D.values()) - min($D.values())

sorted_@(keys/values) $D_@(keys/values)_in_order : D -> list[@(str/int)]
- the @($keys/$values) of $D in ascending order
> return sorted(@($D/$D.values()))

list_of_@(keys/values/items) : D -> list[@(str/int/tuple[str, int])]
- a list of the @($keys/$values/pairs of $key and $value) in $D
> return list($D.@(keys/values/items)())
> $result = []
  for $key, $value in $D.items():
      $result.append(@($key/$value/($key, $value)))
  return $result

keys_by_value_@(ascending/descending) rank_@(ascending/descending) : D -> list[str]
- the $keys of $D, those with the @(smallest/largest) $value first
> return sorted($D, key=$D.get@(/, reverse=True))
> return sorted($D, key=lambda $key: $D[$key]@(/, reverse=True))

items_by_@(key/value) : D -> list[tuple[str, int]]
- the pairs of $key and $value in $D, sorted by @($key/$value)
> return sorted($D.items()@(/, key=lambda item: item[1]))

@(top/bottom)_$j_keys : D -> list[str]
- the $j $keys of $D with the @(largest/smallest) $values, the @(largest/smallest) first
> return sorted($D, key=$D.get@(, reverse=True/))[:$j]
> ordered = sorted($D, key=lambda $key: $D[$key]@(, reverse=True/))
  return ordered[:$j]

get_or_zero lookup_or_zero : D wanted:word -> int
- the $value of wanted in $D, or 0 if $D has no such $key
> return $D.get(wanted, 0)
> if wanted in $D:
      return $D[wanted]
  return 0

get_or_default lookup_or_default : D wanted:word default:int -> int
- the $value of wanted in $D, or default if $D has no such $key
> return $D.get(wanted, default)
> if wanted in $D:
      return $D[wanted]
  return default

has_value_@(above/below) : D wanted:word limit:int -> bool
- ? wanted is a $key of $D and its $value is @(greater/less) than limit
> return wanted in $D and $D[wanted] @(>/<) limit
> if wanted not in $D:
      return False
  return $D[wanted] @(>/<) limit

increase_value add_to_entry : D wanted:word amount:int -> dict[str, int]
- a copy of $D with amount added to the $value of wanted, which counts as 0 if it is missing
> $result = dict($D)
  $result[wanted] = $result.get(wanted, 0) + amount
  return $result
> $result = dict($D)
  if wanted in $result:
      $result[wanted] += amount
  else:
      $result[wanted] = amount
  return $result

without_key remove_$key : D wanted:word -> dict[str, int]
- a copy of $D without the $key wanted
> return {$key: $value for $key, $value in $D.items() if $key != wanted}
> $result = dict($D)
  $result.pop(wanted, None)
  return $result

with_entry set_$value : D wanted:word amount:int -> dict[str, int]
- a copy of $D in which the $value of wanted is amount
> return {**$D, wanted: amount}
> $result = dict($D)
  $result[wanted] = amount
  return $result

scale_values multiply_all_$values : D factor:int -> dict[str, int]
- a copy of $D with every $value multiplied by factor
> return {$key: $value * factor for $key, $value in $D.items()}
> $result = {}
  for $key in $D:
      $result[$key] = $D[$key] * factor
  return $result

count_values_@(above/below/equal_to) : D limit:natural -> int
- how many $values in $D are @(greater than/less than/equal to) limit
> return sum(1 for $value in $D.values() if $value @(>/</==) limit)
> $count = 0
  for $value in $D.values():
      if $value @(>/</==) limit:
          $count += 1
  return $count

keys_with_value_@(above/below/equal_to) $keys_@(above/below/equal_to) : D limit:natural -> list[str]
- a list of the $keys whose $value is @(greater than/less than/equal to) limit
> return [$key for $key, $value in $D.items() if $value @(>/</==) limit]
> $result = []
  for $key, $value in $D.items():
      if $value @(>/</==) limit:
          $result.append($key)
  return $result

invert_dictionary swap_keys_and_values : D -> dict[int, str]
- a dictionary from each $value in $D to its $key; of several the last one
> return {$value: $key for $key, $value in $D.items()}
> $result = {}
  for $key, $value in $D.items():
      $result[$value] = $key
  return $result

group_keys_by_value : D -> dict[int, list[str]]
- a dictionary from each $value in $D to the list of its $keys
> groups = {}
  for $key, $value in $D.items():
      groups.setdefault($value, []).append($key)
  return groups

@(key_lengths/totals_by_key_length) : D -> dict[@(str/int), int]
- a dictionary from @(each $key of $D to its length/each length of a $key of $D to the sum of the $values of such $keys)
> $result = {}
  for $key, $value in $D.items():
      @($result[$key] = len($key)/$result[len($key)] = $result.get(len($key), 0) + $value)
  return $result

difference_between_entries : D first:word second:word -> int
- the $value of first minus the $value of second in $D, where a missing one counts as 0
> return $D.get(first, 0) - $D.get(second, 0)

@(longest/shortest)_key : D -> str
- the @(longest/shortest) $key of $D, or an empty string if it is empty
> return @(max/min)($D, key=len, default="")

format_entries : D -> list[str]
- a list of strings of the form "$key: $value", one for each entry of $D
> return [f"{$key}: {$value}" for $key, $value in $D.items()]
> $result = []
  for $key, $value in $D.items():
      $result.append($key + ": " + str($value))
  return $result
""",
)
