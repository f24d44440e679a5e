"""A list becomes another list: mapping, filtering, slicing, sorting, rearranging."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "lists",
    """
$Es_of_$L $Es list_of_$Es : L -> list[int]
- a list with $EL
- a new list of $EL
> return [$E for $x in $L]
> $result = []
  for $x in $L:
      $result.append($E)
  return $result
> return list(map(lambda $x: $E, $L))
> $result = []
  for i in range(len($L)):
      $result.append($E($L[i]))
  return $result

keep_$P select_$P only_$P : L -> list[int]
- a list of the $PL
- the $PL, in their original order
- ! Filter the $L so that only $PL are left
> return [$x for $x in $L if $P]
> $result = []
  for $x in $L:
      if $P:
          $result.append($x)
  return $result
> return list(filter(lambda $x: $P, $L))

remove_$P without_$P drop_$P : L -> list[int]
- the $L without those that $Ps
- ! Remove the $PL from the list
> return [$x for $x in $L if $!P]
> $result = []
  for $x in $L:
      if $P:
          continue
      $result.append($x)
  return $result
> $result = []
  for $x in $L:
      if $!P:
          $result.append($x)
  return $result

$Es_of_$P : L -> list[int]
- a list with $EPL
> return [$E for $x in $L if $P]
> $result = []
  for $x in $L:
      if $P:
          $result.append($E)
  return $result
> chosen = [$x for $x in $L if $P]
  return [$E for $x in chosen]

$Es_then_keep_$P : L -> list[int]
- a list of $EL, keeping only those results that $Ps
> $result = []
  for $x in $L:
      new = $E
      if $P(new):
          $result.append(new)
  return $result

$E_only_$P replace_$P_by_$E : L -> list[int]
- the $L, where each $x that $P is replaced by $E(it)
> return [$E if $P else $x for $x in $L]
> $result = []
  for $x in $L:
      if $P:
          $result.append($E)
      else:
          $result.append($x)
  return $result

$E_if_$P_else_$F_each : L -> list[int]
- a list with, for each $x, $E($x) if it $P, and $F($x) otherwise
> return [$E if $P else $F for $x in $L]
> $result = []
  for $x in $L:
      if $P:
          $result.append($E)
      else:
          $result.append($F)
  return $result

replace_$P_by_$K set_$P_to_$K : L -> list[int]
- the $L, where each $x that $P is replaced by $K
> return [$K if $P else $x for $x in $L]
> $result = []
  for $x in $L:
      if $P:
          $result.append($K)
      else:
          $result.append($x)
  return $result

flags_$P mark_$P : L -> list[bool]
- a list that says for each $x whether it $P
> return [$P for $x in $L]
> $result = []
  for $x in $L:
      $result.append($P)
  return $result

indexes_of_$P positions_of_$P : L -> list[int]
- the indexes of the $PL
> return [i for i, $x in enumerate($L) if $P]
> $result = []
  for i in range(len($L)):
      if $P($L[i]):
          $result.append(i)
  return $result

split_by_$P partition_$P : L -> tuple[list[int], list[int]]
- a tuple of two lists: the $PL and all others
> chosen = [$x for $x in $L if $P]
  others_left = [$x for $x in $L if $!P]
  return chosen, others_left
> yes = []
  no = []
  for $x in $L:
      if $P:
          yes.append($x)
      else:
          no.append($x)
  return yes, no

$P_@(first/last) move_$P_to_@(front/end) : L -> list[int]
- the $L with those that $Ps moved to the @(front/end), otherwise in the same order
> chosen = [$x for $x in $L if $P]
  rest = [$x for $x in $L if $!P]
  return @(chosen + rest/rest + chosen)

take_while_$P leading_$P : L -> list[int]
- the $L before the first one that does not $Ps
> $result = []
  for $x in $L:
      if $!P:
          break
      $result.append($x)
  return $result

drop_while_$P skip_leading_$P : L -> list[int]
- the $L from the first one on that does not $Ps
> i = 0
  while i < len($L) and ($P($L[i])):
      i += 1
  return $L[i:]
> for i, $x in enumerate($L):
      if $!P:
          return $L[i:]
  return []

@(first/last)_$j_$P : L -> list[int]
- the @(first/last) $j of the $PL
> return [$x for $x in $L if $P]@([:$j]/[-$j:])
> chosen = []
  for $x in $L:
      if $P:
          chosen.append($x)
  return chosen@([:$j]/[-$j:])

@(ascending/descending)_$P sort_$P_@(ascending/descending) : L -> list[int]
- the $PL, sorted in @(ascending/descending) order
> return sorted([$x for $x in $L if $P]@(/, reverse=True))
> chosen = [$x for $x in $L if $P]
  chosen.sort(@(/reverse=True))
  return chosen

@(ascending/descending)_$Es sorted_$Es_@(ascending/descending) : L -> list[int]
- a list with $EL, sorted in @(ascending/descending) order
> return sorted([$E for $x in $L]@(/, reverse=True))
> $result = []
  for $x in $L:
      $result.append($E)
  $result.sort(@(/reverse=True))
  return $result

sort_by_$E_@(ascending/descending) order_by_$E_@(ascending/descending) : L -> list[int]
- the $L sorted in @(ascending/descending) order of the following value: $E(the number)
> return sorted($L, key=lambda $x: $E@(/, reverse=True))

distinct_$P unique_$P : L -> list[int]
- the distinct $PL, in the order of their first occurrence
> $result = []
  for $x in $L:
      if ($P) and $x not in $result:
          $result.append($x)
  return $result
> return list(dict.fromkeys($x for $x in $L if $P))

distinct_$Es : L -> list[int]
- the distinct values among these: $EL, in ascending order
> return sorted({$E for $x in $L})
> seen = set()
  for $x in $L:
      seen.add($E)
  return sorted(seen)
""",
)
