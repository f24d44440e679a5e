"""Lists of anything: slices, order, positions, duplicates; and two lists together."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "items",
    """
@(first/last)_item get_@(first/last) : A+ -> int
- the @(first/last) of the $A
- the @(first/last) $x in the list
> return $A[@(0/-1)]
> return $A[@(0/len($A) - 1)]

@(first/last)_or_none : A -> int | None
- the @(first/last) of the $A, or None if the list is empty
> if not $A:
      return None
  return $A[@(0/-1)]
> return $A[@(0/-1)] if $A else None
> if len($A) == 0:
      return None
  return $A[@(0/len($A) - 1)]

@(first/last)_or_default : A default:int -> int
- the @(first/last) of the $A, or default if the list is empty
> if $A:
      return $A[@(0/-1)]
  return default
> return $A[@(0/-1)] if $A else default

@(first/last)_$j take_@(first/last)_$j : A -> list
- the @(first/last) $j of the $A
- a list with the @(first/last) $j $A
> return $A@([:$j]/[-$j:])
> $result = []
  for i in range(@(min($j, len($A))/max(0, len($A) - $j), len($A))):
      $result.append($A[i])
  return $result

without_@(first/last)_$j drop_@(first/last)_$j : A -> list
- the $A without the @(first/last) $j
> return $A@([$j:]/[:-$j])

@(take/drop)_n @(first/without_first)_n : A n:small -> list
- the @(first n of the $A/$A without the first n)
> return $A@([:n]/[n:])
> $result = []
  for i, $x in enumerate($A):
      if i @(</>=) n:
          $result.append($x)
  return $result

@(from/until)_index items_@(from/before)_index : A index:index -> list
- the $A @(from index on/before index)
> return $A@([index:]/[:index])

every_$j every_$j_th : A -> list
- every $j-th of the $A, beginning with the first
> return $A[::$j]
> return [$A[i] for i in range(0, len($A), $j)]
> $result = []
  for i, $x in enumerate($A):
      if i % $j == 0:
          $result.append($x)
  return $result

items_at_@(even/odd)_indexes : A -> list
- the $A at @(even/odd) indexes
> return $A[@(0/1)::2]
> $result = []
  for i in range(len($A)):
      if i % 2 == @(0/1):
          $result.append($A[i])
  return $result

without_ends drop_both_ends : A -> list
- the $A without the first and the last one
> return $A[1:-1]

first_and_last ends_of : A+ -> tuple
- a tuple of the first and the last of the $A
> return $A[0], $A[-1]

middle_item get_middle : A+ -> int
- the $x in the middle of the list; the right one of the two middle ones if their number is even
> return $A[len($A) // 2]
> middle = len($A) // 2
  return $A[middle]

@(first/second)_half : A -> list
- the @(first/second) half of the $A; if their number is odd, the one in the middle belongs to the second half
> return $A@([: len($A) // 2]/[len($A) // 2 :])
> middle = len($A) // 2
  return $A@([:middle]/[middle:])

halves split_in_half : A -> tuple[list, list]
- a tuple of the first and the second half of the $A; an odd one belongs to the second half
> middle = len($A) // 2
  return $A[:middle], $A[middle:]

split_at : A index:index -> tuple[list, list]
- a tuple of the $A before index and the $A from index on
> return $A[:index], $A[index:]
> before = $A[:index]
  after = $A[index:]
  return before, after

rotate_@(left/right)_by_$j shift_@(left/right)_$j : A -> list
- the $A with the @(first $j moved to the end/last $j moved to the front)
> return @($A[$j:] + $A[:$j]/$A[-$j:] + $A[:-$j])
> moved = $A@([:$j]/[-$j:])
  rest = $A@([$j:]/[:-$j])
  return @(rest + moved/moved + rest)

move_@(first_to_end/last_to_front) : A -> list
- the $A with the @(first one moved to the end/last one moved to the front)
> return @($A[1:] + $A[:1]/$A[-1:] + $A[:-1])

swap_ends swap_first_and_last : A -> list
- the $A with the first and the last one exchanged
> if len($A) < 2:
      return list($A)
  return [$A[-1]] + $A[1:-1] + [$A[0]]
> $result = list($A)
  if $result:
      $result[0], $result[-1] = $result[-1], $result[0]
  return $result

swap_neighbours : A -> list
- the $A with the items at indexes 0 and 1, 2 and 3, and so on exchanged
> $result = list($A)
  for i in range(0, len($result) - 1, 2):
      $result[i], $result[i + 1] = $result[i + 1], $result[i]
  return $result

swap_@(first/second)_with_middle : A+ -> list
- the $A with the @(first/second) item exchanged with the one in the middle
> $result = list($A)
  i = @(0/1 % len($A))
  middle = len($A) // 2
  $result[i], $result[middle] = $result[middle], $result[i]
  return $result

reversed_@(copy/without_last/without_first) : A -> list
- the $A@(/ without the last one/ without the first one) in reverse order
> return @($A[::-1]/$A[-2::-1] if len($A) > 1 else []/$A[:0:-1])
> $result = []
  for i in range(len($A) - @(1/2/1), @(-1/-1/0), -1):
      $result.append($A[i])
  return $result

reverse_first_$j : A -> list
- the $A with the order of the first $j reversed
> return $A[:$j][::-1] + $A[$j:]
> start = $A[:$j]
  start.reverse()
  return start + $A[$j:]

mirrored with_reverse_appended : A -> list
- the $A followed by the same $A in reverse order
> return $A + $A[::-1]
> $result = list($A)
  for $x in reversed($A):
      $result.append($x)
  return $result

repeat_list_$j list_times_$j : A -> list
- the $A repeated $j times, one copy after the other
> return $A * $j
> $result = []
  for _ in range($j):
      $result.extend($A)
  return $result

repeat_each_$j each_$j_times : A -> list
- a list in which each of the $A occurs $j times in a row
> return [$x for $x in $A for _ in range($j)]
> $result = []
  for $x in $A:
      $result.extend([$x] * $j)
  return $result

@(append/prepend) add_at_@(end/start) : A new:item -> list
- a new list with the $A and new at the @(end/start)
> return @($A + [new]/[new] + $A)
> $result = list($A)
  @($result.append(new)/$result.insert(0, new))
  return $result

surround_with : A new:item -> list
- a new list with new, the $A, and new once more
> return [new, *$A, new]
> return [new] + $A + [new]

insert_at : A index:index new:item -> list
- a new list with new inserted before position index
> return $A[:index] + [new] + $A[index:]
> $result = list($A)
  $result.insert(index, new)
  return $result

remove_at : A index:index -> list
- the $A without the one at position index
> return $A[:index] + $A[index + 1 :]
> return [$x for i, $x in enumerate($A) if i != index]

replace_at : A index:index new:item -> list
- the $A with the one at position index replaced by new
> return [new if i == index else $x for i, $x in enumerate($A)]
> $result = list($A)
  if index < len($result):
      $result[index] = new
  return $result

get_at item_or_default : A index:index default:int -> int
- the item at position index, or default if the list is too short
> if index < len($A):
      return $A[index]
  return default
> return $A[index] if index < len($A) else default

replace_@(all/first) : A old:item new:item -> list
- the $A with @(every old/the first old) replaced by new
> $result = list($A)
  for i, $x in enumerate($A):
      if $x == old:
          $result[i] = new
          @(continue/break)
  return $result

remove_@(all/first) without_@(all/first) : A target:item -> list
- the $A without @(any that are/the first one that is) equal to target
> $result = []
  removed = 0
  for $x in $A:
      if $x == target@(/ and removed == 0):
          removed += 1
      else:
          $result.append($x)
  return $result

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

is_@(prefix/suffix)_of : A B -> bool
- ? the list $A @(starts/ends) with all items of $B, in their order
> return @($A[: len($B)] == $B/$A[len($A) - len($B) :] == $B if len($B) <= len($A) else False)

concatenate_@(in_order/swapped) join_lists_@(in_order/swapped) : A B -> list
- the items of $@(A/B) followed by those of $@(B/A)
> return $@(A/B) + $@(B/A)
> $result = list($@(A/B))
  $result.extend($@(B/A))
  return $result

@(items_in_both/items_only_in_first) : A B -> list
- the $A that are @(also/not) in $B
> return [$x for $x in $A if $x @(in/not in) $B]
> $result = []
  for $x in $A:
      if $x @(in/not in) $B:
          $result.append($x)
  return $result

count_@(in_both/only_in_first) : A B -> int
- how many of the $A are @(also/not) in $B
> return sum(1 for $x in $A if $x @(in/not in) $B)
> $count = 0
  for $x in $A:
      if $x @(in/not in) $B:
          $count += 1
  return $count

union_in_order : A B -> list
- all distinct items of $A and $B in the order of their first occurrence
> $result = []
  for $x in $A + $B:
      if $x not in $result:
          $result.append($x)
  return $result

in_@(exactly_one/either) : A B -> list
- the sorted distinct items that are in @(exactly one/at least one) of $A and $B
> return sorted(set($A) @(^/|) set($B))

share_@(an_item/no_item) lists_@(overlap/are_disjoint) : A B -> bool
- ? $A and $B have @(at least one item/no item) in common
> return @(any($x in $B for $x in $A)/not any($x in $B for $x in $A))
> for $x in $A:
      if $x in $B:
          return @(True/False)
  return @(False/True)

is_subset all_items_in : A B -> bool
- ? each of the $A is also in $B
> return all($x in $B for $x in $A)
> for $x in $A:
      if $x not in $B:
          return False
  return True

same_@(length/first_item/last_item/multiset) : A B -> bool
- ? $A and $B @(have the same length/are not empty and start with the same item/are not empty and end with the same item/hold the same items in any order)
> return @(len($A) == len($B)/bool($A) and bool($B) and $A[0] == $B[0]/bool($A) and bool($B) and $A[-1] == $B[-1]/sorted($A) == sorted($B))

@(longer/shorter)_list : A B -> list
- the @(longer/shorter) of $A and $B; $A if both have the same length
> if len($B) @(>/<) len($A):
      return $B
  return $A

zip_lists pair_up : A B -> list[tuple]
- a list of tuples of the items of $A and $B at the same index, as far as both go
> return list(zip($A, $B))
> $result = []
  for i in range(min(len($A), len($B))):
      $result.append(($A[i], $B[i]))
  return $result

alternate_items interleave_lists : A B -> list
- the items of $A and $B in turn, as long as both have some
> $result = []
  for first, second in zip($A, $B):
      $result.append(first)
      $result.append(second)
  return $result

count_@(equal/different)_positions : A B -> int
- the number of indexes at which $A and $B hold @(equal/different) items, as far as both go
> return sum(1 for first, second in zip($A, $B) if first @(==/!=) second)
> $count = 0
  for i in range(min(len($A), len($B))):
      if $A[i] @(==/!=) $B[i]:
          $count += 1
  return $count

common_prefix_length : A B -> int
- how many items at the start of $A and $B are equal
> $count = 0
  for first, second in zip($A, $B):
      if first != second:
          break
      $count += 1
  return $count

lookup_dictionary : A B -> dict[int, int]
- a dictionary with the items of $A as keys and those of $B at the same index as values
> return dict(zip($A, $B))
> $result = {}
  for i in range(min(len($A), len($B))):
      $result[$A[i]] = $B[i]
  return $result
""",
)
