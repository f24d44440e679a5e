"""Counting, grouping and combining with collections and itertools."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "groups",
    """
running_@(product/maximum)_with_accumulate accumulate_@(product/maximum) : L -> list[int]
- the list of the @(products/maxima) of the $L up to each one
> return list(itertools.accumulate($L, @(lambda one, other: one * other/max)))
> $result = []
  for $x in $L:
      $result.append(@($result[-1] * $x/max($result[-1], $x)) if $result else $x)
  return $result

mean_@(rounded/of_squares_rounded) : L+ -> float
- the mean of the @($L/squares of the $L), rounded to one digit
> return round(sum($x@(/ ** 2) for $x in $L) / len($L), 1)

@(deviation/mean_distance)_from_mean : L+ -> float
- the @(square root of the mean square/mean) of the distances of the $L from their mean, rounded to two digits
> mean = sum($L) / len($L)
  return round(@(math.sqrt(sum(($x - mean) ** 2 for $x in $L) / len($L))/sum(abs($x - mean) for $x in $L) / len($L)), 2)

most_frequent_value value_that_occurs_most : L+ -> int
- the one that occurs most often in $L; of several the first
> return Counter($L).most_common(1)[0][0]
> return max($L, key=$L.count)
> best = $L[0]
  for $x in $L:
      if $L.count($x) > $L.count(best):
          best = $x
  return best

values_that_occur_@(twice/more_than_twice) : L -> list[int]
- the sorted list of the $L that occur @(exactly twice/more than twice)
> return sorted($x for $x, count in Counter($L).items() if count @(==/>) 2)
> return sorted({$x for $x in $L if $L.count($x) @(==/>) 2})

counts_in_@(ascending/descending)_order : L -> list[int]
- the list of how often each of the different $L occurs, in @(ascending/descending) order
> return sorted(Counter($L).values()@(/, reverse=True))
> return sorted(($L.count($x) for $x in set($L))@(/, reverse=True))

same_counts are_rearrangements : W other:words -> bool
- ? $W and other hold the same strings equally often
> return Counter($W) == Counter(other)
> return sorted($W) == sorted(other)

extra_$W strings_left_over : W other:words -> list[str]
- the sorted list of the $W that are left when each of those in other is taken away once
> return sorted((Counter($W) - Counter(other)).elements())
> rest = list($W)
  for taken in other:
      if taken in rest:
          rest.remove(taken)
  return sorted(rest)

letter_counts count_letters_sorted : s -> list[tuple[str, int]]
- the sorted list of pairs of a letter of $s, in lower case, and how often it occurs
> counts = Counter($c for $c in $s.lower() if $c.isalpha())
  return sorted(counts.items())
> letters = [$c for $c in $s.lower() if $c.isalpha()]
  return [($c, letters.count($c)) for $c in sorted(set(letters))]

group_numbers_by_$P divide_by_$P : L -> dict[bool, list[int]]
- a dictionary with the list of those of the $L that $Ps under True and the list of the others under False
> groups = {True: [], False: []}
  for $x in $L:
      groups[$P].append($x)
  return groups

group_by_remainder_$k : L -> dict[int, list[int]]
- a dictionary from the remainders by $k to the lists of the $L that leave them
> groups = defaultdict(list)
  for $x in $L:
      groups[$x % $k].append($x)
  return dict(groups)
> groups = {}
  for $x in $L:
      groups.setdefault($x % $k, []).append($x)
  return groups

group_by_digit_count group_by_number_of_digits : L -> dict[int, list[int]]
- a dictionary from numbers of digits to the lists of the $L that have so many
> groups = defaultdict(list)
  for $x in $L:
      groups[len(str(abs($x)))].append($x)
  return dict(groups)

group_anagrams $W_with_same_letters : W -> list[list[str]]
- the list of the groups of $W that have the same letters equally often, in the order of their first ones
> groups = {}
  for $w in $W:
      groups.setdefault("".join(sorted($w)), []).append($w)
  return list(groups.values())

pairs_of_both all_pairs_from_both : L M -> list[tuple[int, int]]
- the list of all pairs of one of $L and one of $M
> return list(itertools.product($L, $M))
> return [($x, $y) for $x in $L for $y in $M]
> $result = []
  for $x in $L:
      for $y in $M:
          $result.append(($x, $y))
  return $result

chain_lists flatten_with_chain : rows:grid -> list[int]
- the list of all numbers in rows, row by row, without the repeated ones
> return list(dict.fromkeys(itertools.chain.from_iterable(rows)))
> seen = []
  for row in rows:
      for number in row:
          if number not in seen:
              seen.append(number)
  return seen

sums_of_all_@(pairs/triples) : L -> list[int]
- the sorted list of the different sums of @(two/three) of the $L
> return sorted({sum(group) for group in itertools.combinations($L, @(2/3))})

all_subsets subsets_of_list : L -> list[list[int]]
- the list of all selections of the $L, first the empty one, then those with one, and so on
> $result = []
  for size in range(len($L) + 1):
      for group in itertools.combinations($L, size):
          $result.append(list(group))
  return $result
> return [list(group) for size in range(len($L) + 1) for group in itertools.combinations($L, size)]

runs_of_equal group_neighbours : L -> list[list[int]]
- the list of the groups of equal neighbours in $L
> return [list(group) for _, group in itertools.groupby($L)]
> groups = []
  for $x in $L:
      if groups and groups[-1][0] == $x:
          groups[-1].append($x)
      else:
          groups.append([$x])
  return groups

runs_by_$P group_neighbours_by_$P : L -> list[list[int]]
- the list of the groups of neighbours in $L, where a group ends when the next one differs in whether it $P
> return [list(group) for _, group in itertools.groupby($L, key=lambda $x: $P)]
""",
)
