"""Small algorithms: windows, sums, selections, counting ways."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "algorithms",
    """
@(largest/smallest)_sum_of_$j_neighbours @(best/worst)_window_of_$j : L -> int
- the @(largest/smallest) sum of $j successive ones of the $L, or 0 if there are fewer than $j
> sums = [sum($L[i:i + $j]) for i in range(len($L) - $j + 1)]
  return @(max/min)(sums, default=0)
> if len($L) < $j:
      return 0
  current = best = sum($L[:$j])
  for i in range($j, len($L)):
      current += $L[i] - $L[i - $j]
      best = @(max/min)(best, current)
  return best

@(largest/smallest)_sum_of_part @(best/worst)_run_sum : L+ -> int
- the @(largest/smallest) sum of one or more successive ones of the $L
> best = current = $L[0]
  for $x in $L[1:]:
      current = @(max/min)($x, current + $x)
      best = @(max/min)(best, current)
  return best
> sums = [sum($L[i:j]) for i in range(len($L)) for j in range(i + 1, len($L) + 1)]
  return @(max/min)(sums)

longest_part_with_sum_@(up_to/of) : L limit:natural -> int
- the length of the longest group of successive $L whose sum is @(at most limit/exactly limit), or 0 if there is none
> longest = 0
  for i in range(len($L)):
      for j in range(i + 1, len($L) + 1):
          if sum($L[i:j]) @(<=/==) limit:
              longest = max(longest, j - i)
  return longest
> longest = 0
  for i in range(len($L)):
      total = 0
      for length, $x in enumerate($L[i:], start=1):
          total += $x
          if total @(<=/==) limit:
              longest = max(longest, length)
  return longest

longest_part_without_repeats : L -> int
- the length of the longest group of successive $L in which none occurs twice
> longest = 0
  for i in range(len($L)):
      seen = set()
      for $x in $L[i:]:
          if $x in seen:
              break
          seen.add($x)
      longest = max(longest, len(seen))
  return longest
> start = longest = 0
  last = {}
  for i, $x in enumerate($L):
      if last.get($x, -1) >= start:
          start = last[$x] + 1
      last[$x] = i
      longest = max(longest, i - start + 1)
  return longest

longest_@(rise/fall) longest_@(ascending/descending)_run : L -> int
- the length of the longest group of successive $L that are strictly @(ascending/descending)
> longest = current = 0
  for i, $x in enumerate($L):
      current = current + 1 if i and $x @(>/<) $L[i - 1] else 1
      longest = max(longest, current)
  return longest

longest_@(rising/falling)_selection : L -> int
- the length of the longest selection of $L, in their order, that is strictly @(rising/falling)
> lengths = []
  for i, $x in enumerate($L):
      before = [lengths[j] for j in range(i) if $L[j] @(</>) $x]
      lengths.append(1 + max(before, default=0))
  return max(lengths, default=0)

balance_index split_with_equal_sums : L -> int | None
- the first index at which the sum of the $L before it equals the sum of those from it on, or None if there is none
> for i in range(len($L) + 1):
      if sum($L[:i]) == sum($L[i:]):
          return i
  return None
> left, whole = 0, sum($L)
  for i in range(len($L) + 1):
      if 2 * left == whole:
          return i
      if i < len($L):
          left += $L[i]
  return None

prefix_sums sums_before_each : L -> list[int]
- a list of the sum of those before each of the $L, beginning with 0
> $result = []
  $total = 0
  for $x in $L:
      $result.append($total)
      $total += $x
  return $result
> return [sum($L[:i]) for i in range(len($L))]

suffix_@(sums/maxima) @(sums/maxima)_from_each_on : L -> list[int]
- a list of the @(sum/maximum) of the $L from each one on to the last
> return [@(sum/max)($L[i:]) for i in range(len($L))]
> $result = list($L)
  for i in range(len($L) - 2, -1, -1):
      $result[i] = @($result[i] + $result[i + 1]/max($result[i], $result[i + 1]))
  return $result

products_of_others product_without_each : L -> list[int]
- a list of the product of all others for each of the $L
> return [math.prod($L[:i] + $L[i + 1:]) for i in range(len($L))]
> $result = []
  for i in range(len($L)):
      product = 1
      for j, $x in enumerate($L):
          if j != i:
              product *= $x
      $result.append(product)
  return $result

best_profit largest_gain : prices:ints -> int
- the largest gain from buying at one of the prices and selling at a later one, or 0 if there is none
> gains = [late - early for early, late in itertools.combinations(prices, 2)]
  return max([0, *gains])
> best, lowest = 0, None
  for price in prices:
      if lowest is None or price < lowest:
          lowest = price
      best = max(best, price - lowest)
  return best

total_of_@(gains/losses) sum_of_@(rises/drops) : prices:ints -> int
- the sum of all @(rises/drops) from one price to the next
> return sum(max(0, @(after - before/before - after)) for before, after in zip(prices, prices[1:]))
> $total = 0
  for i in range(1, len(prices)):
      change = prices[i] - prices[i - 1]
      if change @(>/<) 0:
          $total @(+=/-=) change
  return $total

water_above trapped_water : heights:ints -> int
- how much water stays above the bars of the given heights, where each is filled up to the lower of the highest bars on its two sides
> $total = 0
  for i, height in enumerate(heights):
      level = min(max(heights[:i + 1]), max(heights[i:]))
      $total += level - height
  return $total

visible_from_@(left/right) count_visible_from_@(left/right) : heights:ints -> int
- how many of the heights are greater than all @(before/after) them
> $count = 0
  highest = None
  for height in @(heights/reversed(heights)):
      if highest is None or height > highest:
          $count += 1
          highest = height
  return $count

majority_value value_of_majority : L -> int | None
- the one that makes more than half of the $L, or None if there is none
> for $x in set($L):
      if 2 * $L.count($x) > len($L):
          return $x
  return None
> candidate, votes = None, 0
  for $x in $L:
      if votes == 0:
          candidate = $x
      votes += 1 if $x == candidate else -1
  return candidate if 2 * $L.count(candidate) > len($L) else None

@(missing/repeated)_numbers numbers_@(missing/repeated)_up_to : L limit:natural -> list[int]
- the list of the integers from 1 to limit that @(do not occur/occur more than once) in $L
> return [i for i in range(1, limit + 1) if $L.count(i) @(== 0/> 1)]
> counts = Counter($L)
  return [i for i in range(1, limit + 1) if counts[i] @(== 0/> 1)]

smallest_missing first_gap : L -> int
- the smallest positive integer that does not occur in $L
> i = 1
  while i in $L:
      i += 1
  return i
> present = set($L)
  return next(i for i in range(1, len($L) + 2) if i not in present)

move_$P_to_@(front/end)_in_place : L -> list[int]
- a copy of the $L in which those that $P were swapped to the @(front/end), with the order of both groups kept
> return sorted($L, key=lambda $x: @(not ($P)/$P))
> first = [$x for $x in $L if @($P/$!P)]
  second = [$x for $x in $L if @($!P/$P)]
  return first + second

@(rotations/rotations_sorted)_of_list all_@(rotations/rotations_sorted) : L -> list[list[int]]
- the list of all rotations of the $L, @(beginning with the unchanged one/in ascending order)
> return @([$L[i:] + $L[:i] for i in range(len($L))]/sorted($L[i:] + $L[:i] for i in range(len($L))))

all_orders_of_three list_orders : a b c -> list[tuple[int, int, int]]
- the sorted list of all different orders of $a, $b and $c, as tuples
> return sorted(set(itertools.permutations([$a, $b, $c])))

pairs_summing_to different_pairs_with_sum : L target:item -> list[tuple[int, int]]
- the sorted list of the different pairs (smaller, larger) of two of the $L whose sum is target
> pairs = set()
  for i, one in enumerate($L):
      for other in $L[i + 1:]:
          if one + other == target:
              pairs.add((min(one, other), max(one, other)))
  return sorted(pairs)
> found = {tuple(sorted(pair)) for pair in itertools.combinations($L, 2) if sum(pair) == target}
  return sorted(found)

triples_summing_to count_triples_with_sum : L target:item -> int
- in how many ways three of the $L have the sum target
> return sum(1 for triple in itertools.combinations($L, 3) if sum(triple) == target)
> $count = 0
  for i in range(len($L)):
      for j in range(i + 1, len($L)):
          for k in range(j + 1, len($L)):
              if $L[i] + $L[j] + $L[k] == target:
                  $count += 1
  return $count

can_reach_sum some_of_them_sum_to : L target:natural -> bool
- ? some of the $L, or none, add up to target
> sums = {0}
  for $x in $L:
      sums |= {$total + $x for $total in sums}
  return target in sums
> if target == 0:
      return True
  if not $L:
      return False
  return RECURSE($L[1:], target) or RECURSE($L[1:], target - $L[0])

count_selections_with_sum ways_to_sum : L target:natural -> int
- the number of selections of the $L, the empty one included, that add up to target
> if not $L:
      return 1 if target == 0 else 0
  return RECURSE($L[1:], target) + RECURSE($L[1:], target - $L[0])

greedy_@(coins/coin_count) change_in_@(coins/count) : amount:natural -> @(list[int]/int)
- @(the list of the coins of 20, 10, 5, 2 and 1 that make/how many coins of 20, 10, 5, 2 and 1 make) amount, the largest first@(/, as few as possible)
> @($result = []/$count = 0)
  for coin in (20, 10, 5, 2, 1):
      @(while amount >= coin:
          $result.append(coin)
          amount -= coin/$count += amount // coin
      amount %= coin)
  return @($result/$count)

fewest_coins fewest_parts_of_one_three_four : amount:natural -> int
- the least number of coins of 1, 3 and $k that make amount
> fewest = [0]
  for value in range(1, amount + 1):
      fewest.append(1 + min(fewest[value - coin] for coin in (1, 3, $k) if coin <= value))
  return fewest[amount]

ways_to_climb count_climbs_by_one_or_$j : steps:natural -> int
- in how many orders steps of 1 and of $j add up to the given number of steps
> ways = [1]
  for i in range(1, steps + 1):
      ways.append(ways[i - 1] + (ways[i - $j] if i >= $j else 0))
  return ways[steps]
> if steps < $j:
      return 1
  before = [1] * $j
  for _ in range(steps - $j + 1):
      before = before[1:] + [before[-1] + before[-$j]]
  return before[-1]

count_paths_@(right/right_or_diagonal)_and_down paths_@(right/right_or_diagonal)_and_down : rows:size columns:size -> int
- in how many ways one gets from the upper left to the lower right cell of a grid, moving only right@( and down/, down and diagonally down to the right)
> if rows == 1 or columns == 1:
      return 1
  straight = RECURSE(rows - 1, columns) + RECURSE(rows, columns - 1)
  return straight@(/ + RECURSE(rows - 1, columns - 1))

last_in_circle_of_every_@(second/third) survivor_of_every_@(second/third) : n+ -> int
- the number, from 1 to $n, of the one who is left when $n people stand in a circle and every @(second/third) one goes, counted on from the one who went before
> people = list(range(1, $n + 1))
  place = 0
  while len(people) > 1:
      place = (place + @(1/2)) % len(people)
      people.pop(place)
  return people[0]
> place = 0
  for size in range(2, $n + 1):
      place = (place + @(2/3)) % size
  return place + 1

pascal_row row_of_pascal_triangle : n0 -> list[int]
- row $n of Pascal's triangle, where row 0 is [1]
> row = [1]
  for _ in range($n):
      row = [1, *(a + b for a, b in zip(row, row[1:])), 1]
  return row
> return [math.comb($n, k) for k in range($n + 1)]

look_and_say describe_digits : digits:digits -> str
- the string that describes the runs of digits: for each run its length and its digit
> return "".join(str(len(list(run))) + digit for digit, run in itertools.groupby(digits))
> $result = ""
  i = 0
  while i < len(digits):
      j = i
      while j < len(digits) and digits[j] == digits[i]:
          j += 1
      $result += str(j - i) + digits[i]
      i = j
  return $result
""",
)
