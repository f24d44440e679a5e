"""Two lists of anything taken together."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "item_lists",
    """
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
