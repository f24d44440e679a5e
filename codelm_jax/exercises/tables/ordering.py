"""Search and order in lists of integers."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "ordering",
    """
binary_search find_in_sorted : numbers:sorted_ints target:item -> bool
- ? target occurs in the numbers, which are in ascending order, found by halving the range
> low, high = 0, len(numbers) - 1
  while low <= high:
      middle = (low + high) // 2
      if numbers[middle] == target:
          return True
      if numbers[middle] < target:
          low = middle + 1
      else:
          high = middle - 1
  return False

@(lower/upper)_bound @(first/last)_insertion_point : numbers:sorted_ints target:item -> int
- the @(first/last) index at which target can be inserted in the numbers, which are in ascending order, so that they stay so
> low, high = 0, len(numbers)
  while low < high:
      middle = (low + high) // 2
      if numbers[middle] @(</<=) target:
          low = middle + 1
      else:
          high = middle
  return low
> for i, number in enumerate(numbers):
      if number @(>=/>) target:
          return i
  return len(numbers)
> return sum(1 for number in numbers if number @(</<=) target)

closest_@(value/index) nearest_@(value/index) : L+ target:item -> int
- the @(one/index of the one) of $L that is closest to target; of several the first
> return @(min($L, key=lambda $x: abs($x - target))/min(range(len($L)), key=lambda i: abs($L[i] - target)))
> best = 0
  for i, $x in enumerate($L):
      if abs($x - target) < abs($L[best] - target):
          best = i
  return @($L[best]/best)

count_in_sorted_range count_between_bounds : numbers:sorted_ints low:item high:item -> int
- how many of the numbers lie from low to high
> return sum(1 for number in numbers if low <= number <= high)
> $count = 0
  for number in numbers:
      if number > high:
          break
      if number >= low:
          $count += 1
  return $count

selection_sort_@(descending/by_absolute_value) : L -> list[int]
- $L sorted @(in descending order/by absolute value, equal ones in their original order), by taking out the @(largest/smallest) again and again
> rest = list($L)
  $result = []
  while rest:
      chosen = @(max(rest)/min(rest, key=abs))
      rest.remove(chosen)
      $result.append(chosen)
  return $result
> return sorted($L, @(reverse=True/key=abs))

bubble_down bubble_sort_descending : L -> list[int]
- $L in descending order, sorted by swapping neighbours until none is out of order
> $result = list($L)
  swapped = True
  while swapped:
      swapped = False
      for i in range(len($result) - 1):
          if $result[i] < $result[i + 1]:
              $result[i], $result[i + 1] = $result[i + 1], $result[i]
              swapped = True
  return $result

merge_sort_@(descending/by_last_digit) : L -> list[int]
- $L sorted @(in descending order/by their last decimal digit, equal ones in their original order), by sorting halves and merging them
> if len($L) < 2:
      return list($L)
  middle = len($L) // 2
  left, right = RECURSE($L[:middle]), RECURSE($L[middle:])
  $result = []
  while left and right:
      if @(left[0] >= right[0]/abs(left[0]) % 10 <= abs(right[0]) % 10):
          $result.append(left.pop(0))
      else:
          $result.append(right.pop(0))
  return $result + left + right

quick_sort_descending sort_around_pivot : L -> list[int]
- $L in descending order, sorted by splitting around the first number
> if not $L:
      return []
  pivot, *rest = $L
  larger = [$x for $x in rest if $x > pivot]
  others = [$x for $x in rest if $x <= pivot]
  return RECURSE(larger) + [pivot] + RECURSE(others)

counting_sort_digits_@(ascending/descending) sort_digits_@(ascending/descending) : digits:digits -> str
- the digits in @(ascending/descending) order, sorted by counting each of them
> $result = ""
  for digit in "@(0123456789/9876543210)":
      $result += digit * digits.count(digit)
  return $result
> $result = []
  for digit in "@(0123456789/9876543210)":
      for _ in range(digits.count(digit)):
          $result.append(digit)
  return "".join($result)

partition_around partition_by_pivot : L pivot:item -> list[int]
- the $L with those less than pivot first, then those equal to it, then the rest, each group in its original order
> smaller = [$x for $x in $L if $x < pivot]
  equal = [$x for $x in $L if $x == pivot]
  larger = [$x for $x in $L if $x > pivot]
  return smaller + equal + larger
> return sorted($L, key=lambda $x: ($x > pivot) - ($x < pivot))

kth_@(largest/smallest)_distinct : L k:size -> int | None
- the k-th @(largest/smallest) of the different $L, counted from 1, or None if there are fewer than k
> ordered = sorted(set($L)@(, reverse=True/))
  return ordered[k - 1] if k <= len(ordered) else None
> rest = set($L)
  for _ in range(k - 1):
      if not rest:
          return None
      rest.remove(@(max/min)(rest))
  return @(max/min)(rest, default=None)

rank_of_each_@(ascending/descending) ranks_@(ascending/descending) : L -> list[int]
- a list of the rank of each of the $L, where the @(smallest/largest) has rank 1 and equal ones the same rank
> ordered = sorted(set($L)@(/, reverse=True))
  return [ordered.index($x) + 1 for $x in $L]
> ordered = sorted(set($L)@(/, reverse=True))
  ranks = {$x: rank for rank, $x in enumerate(ordered, start=1)}
  return [ranks[$x] for $x in $L]

order_of_indexes_@(ascending/descending) argsort_@(ascending/descending) : L -> list[int]
- the indexes of the $L in the order of their @(ascending/descending) values, equal ones in their original order
> return sorted(range(len($L)), key=lambda i: @($L[i]/-$L[i]))

is_@(rotation/reverse)_of_sorted : L -> bool
- ? the $L are @(in ascending order after moving some from the front to the end/in descending order)
> @(ordered = sorted($L)
  return any($L[i:] + $L[:i] == ordered for i in range(len($L) + 1))/return $L == sorted($L, reverse=True))

count_inversions pairs_out_of_order : L -> int
- the number of pairs of $L of which the larger comes first
> $count = 0
  for i in range(len($L)):
      for j in range(i + 1, len($L)):
          if $L[i] > $L[j]:
              $count += 1
  return $count
> return sum(1 for one, other in itertools.combinations($L, 2) if one > other)

swaps_to_sort count_bubble_swaps : L -> int
- how many swaps of neighbours bubble sort makes to put the $L in ascending order
> items = list($L)
  $count = 0
  for end in range(len(items) - 1, 0, -1):
      for i in range(end):
          if items[i] > items[i + 1]:
              items[i], items[i + 1] = items[i + 1], items[i]
              $count += 1
  return $count

next_@(greater/smaller)_each following_@(greater/smaller) : L -> list[int]
- a list that holds for each of the $L the first @(greater/smaller) one after it, or -1 if there is none
> $result = []
  for i, $x in enumerate($L):
      later = [other for other in $L[i + 1:] if other @(>/<) $x]
      $result.append(later[0] if later else -1)
  return $result
> $result = [-1] * len($L)
  stack = []
  for i, $x in enumerate($L):
      while stack and $L[stack[-1]] @(</>) $x:
          $result[stack.pop()] = $x
      stack.append(i)
  return $result

days_until_@(warmer/colder) : temperatures:ints -> list[int]
- a list that holds for each day the number of days until a @(higher/lower) temperature, or 0 if none follows
> waits = [0] * len(temperatures)
  for i in range(len(temperatures)):
      for j in range(i + 1, len(temperatures)):
          if temperatures[j] @(>/<) temperatures[i]:
              waits[i] = j - i
              break
  return waits
""",
)
