"""Lists of anything: slices, order, positions, duplicates; and two lists together."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "items",
    """
contains has_item : A target:item -> bool
- ? target is one of the $A
- ? the list contains target
> return target in $A
> for $x in $A:
      if $x == target:
          return True
  return False

lacks is_missing : A target:item -> bool
- ? target is not one of the $A
> return target not in $A
> for $x in $A:
      if $x == target:
          return False
  return True

@(first/last)_index_of : A target:item -> int
- the index of the @(first/last) item equal to target, or -1 if there is none
> for i in @(range(len($A))/range(len($A) - 1, -1, -1)):
      if $A[i] == target:
          return i
  return -1

all_indexes_of : A target:item -> list[int]
- the indexes of all items equal to target
> return [i for i, $x in enumerate($A) if $x == target]
> $result = []
  for i in range(len($A)):
      if $A[i] == target:
          $result.append(i)
  return $result

count_of count_equal : A target:item -> int
- how often target occurs in the list
- the number of $A that are equal to target
> return $A.count(target)
> $count = 0
  for $x in $A:
      if $x == target:
          $count += 1
  return $count

count_other_than : A target:item -> int
- how many of the $A are not equal to target
> return len($A) - $A.count(target)
> $count = 0
  for $x in $A:
      if $x != target:
          $count += 1
  return $count

items_@(before/after) : A target:item -> list
- the $A @(before/after) the first one equal to target; an empty list if there is none
> if target not in $A:
      return []
  return $A@([: $A.index(target)]/[$A.index(target) + 1 :])
> for i, $x in enumerate($A):
      if $x == target:
          return $A@([:i]/[i + 1 :])
  return []

starts_and_ends_@(alike/differently) : A -> bool
- ? the list is not empty and its first and last items are @(equal/different)
> return len($A) > 0 and $A[0] @(==/!=) $A[-1]
> if not $A:
      return False
  return $A[0] @(==/!=) $A[-1]

is_@(empty/not_empty) : A -> bool
- ? the list has @(no items/at least one item)
> return len($A) @(==/>) 0
> return @(not $A/bool($A))

has_@(more_than/fewer_than/exactly)_$k_items : A -> bool
- ? the list has @(more than/fewer than/exactly) $k items
> return len($A) @(>/</==) $k

has_@(even/odd)_length : A -> bool
- ? the number of $A is @(even/odd)
> return len($A) % 2 == @(0/1)

all_items_@(equal/different) : A -> bool
- ? all of the $A are @(equal/different from each other)
> return len(set($A)) @(<= 1/== len($A))
> for i in range(len($A)):
      for j in range(i):
          if $A[i] @(!=/==) $A[j]:
              return False
  return True

has_equal_neighbours : A -> bool
- ? two neighbouring items are equal
> return any($A[i] == $A[i + 1] for i in range(len($A) - 1))
> for i in range(1, len($A)):
      if $A[i] == $A[i - 1]:
          return True
  return False

@(unique/repeated)_items : A -> list
- the $A that occur @(exactly once/more than once), in the order of their first occurrence
> $result = []
  for $x in $A:
      if $A.count($x) @(==/>) 1 and $x not in $result:
          $result.append($x)
  return $result

remove_duplicates_keep_@(first/last) : A -> list
- the $A without duplicates; of equal ones the @(first/last) stays
> $result = []
  for $x in @($A/reversed($A)):
      if $x not in $result:
          $result.append($x)
  return $result@(/[::-1])

collapse_runs : A -> list
- the $A with every run of equal neighbours reduced to one of them
> $result = []
  for $x in $A:
      if not $result or $result[-1] != $x:
          $result.append($x)
  return $result
> return [$x for i, $x in enumerate($A) if i == 0 or $A[i - 1] != $x]

count_distinct_items : A -> int
- how many different $A there are, minus $K
> return len(set($A)) - $K

most_@(common/rare) : A+ -> int
- the item that occurs @(most/least) often; of several the one that comes first
> return @(max/min)($A, key=$A.count)
> best = $A[0]
  for $x in $A:
      if $A.count($x) @(>/<) $A.count(best):
          best = $x
  return best

longest_run : A -> int
- the length of the longest run of equal neighbours; 0 if the list is empty
> longest = current = 0
  for i, $x in enumerate($A):
      if i > 0 and $A[i - 1] == $x:
          current += 1
      else:
          current = 1
      longest = max(longest, current)
  return longest

intersperse put_between : A separator:item -> list
- the $A with separator between each two neighbours
> $result = []
  for i, $x in enumerate($A):
      if i > 0:
          $result.append(separator)
      $result.append($x)
  return $result

chunks_of_$j groups_of_$j : A -> list[list]
- the $A cut into lists of $j; the last one may be shorter
> return [$A[i : i + $j] for i in range(0, len($A), $j)]
> $result = []
  for start in range(0, len($A), $j):
      $result.append($A[start : start + $j])
  return $result
> $result = []
  for i, $x in enumerate($A):
      if i % $j == 0:
          $result.append([])
      $result[-1].append($x)
  return $result

windows_of_$j : A -> list[list]
- all runs of $j neighbouring items, as lists
> return [$A[i : i + $j] for i in range(len($A) - $j + 1)]

all_@(prefixes/suffixes) : A -> list[list]
- all non-empty @(prefixes/suffixes) of the list, the @(shortest/longest) first
> return [$A@([: i + 1]/[i:]) for i in range(len($A))]
> $result = []
  for i in range(len($A)):
      $result.append($A@([: i + 1]/[i:]))
  return $result

all_pairs : A -> list[tuple]
- all pairs of $A at different positions, the earlier one first
> return [($A[i], $A[j]) for i in range(len($A)) for j in range(i + 1, len($A))]
> $result = []
  for i in range(len($A)):
      for j in range(i + 1, len($A)):
          $result.append(($A[i], $A[j]))
  return $result

with_@(index/position) enumerate_from_@(zero/one) : A -> list[tuple]
- a list of tuples, each with a number that counts from @(0/1) and one of the $A
> return list(enumerate($A, @(0/1)))
> $result = []
  for i in range(len($A)):
      $result.append((i + @(0/1), $A[i]))
  return $result

pad_to_length_@(right/left) : A size:size filler:item -> list
- the $A with filler added at the @(end/start) until there are at least size items
> $result = list($A)
  while len($result) < size:
      @($result.append(filler)/$result.insert(0, filler))
  return $result

indexes_@(ascending/descending) : A -> list[int]
- the list of the indexes of the $A@(/, in descending order)
> return list(range(@(len($A)/len($A) - 1, -1, -1)))

count_items_as_dict item_counts : A -> dict[int, int]
- a dictionary that says how often each of the $A occurs
> counts = {}
  for $x in $A:
      counts[$x] = counts.get($x, 0) + 1
  return counts
> return {$x: $A.count($x) for $x in $A}

first_positions : A -> dict[int, int]
- a dictionary from each of the $A to the index of its first occurrence
> positions = {}
  for i, $x in enumerate($A):
      if $x not in positions:
          positions[$x] = i
  return positions
> return {$x: $A.index($x) for $x in $A}

last_positions : A -> dict[int, int]
- a dictionary from each of the $A to the index of its last occurrence
> positions = {}
  for i, $x in enumerate($A):
      positions[$x] = i
  return positions
> return {$x: i for i, $x in enumerate($A)}
""",
)
