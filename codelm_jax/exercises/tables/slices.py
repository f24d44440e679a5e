"""Lists of anything: their ends, slices, rotations and repetitions."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "slices",
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
""",
)
