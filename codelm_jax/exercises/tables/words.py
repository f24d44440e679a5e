"""A list of strings, and the words of a sentence."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "words",
    """
count_$Q number_of_$W_$Q : W -> int
- the number of $QW
- how many of the $W $Qs
- ! Count the $QW
> return sum(1 for $w in $W if $Q)
> $count = 0
  for $w in $W:
      if $Q:
          $count += 1
  return $count
> return len([$w for $w in $W if $Q])

keep_$Q select_$Q : W -> list[str]
- a list of the $QW
- the $QW, in their original order
> return [$w for $w in $W if $Q]
> $result = []
  for $w in $W:
      if $Q:
          $result.append($w)
  return $result

remove_$Q without_$Q : W -> list[str]
- the $W without those that $Qs
> return [$w for $w in $W if $!Q]
> $result = []
  for $w in $W:
      if $Q:
          continue
      $result.append($w)
  return $result

$S_each all_$S : W -> list[str]
- a list with $SW
> return [$S for $w in $W]
> $result = []
  for $w in $W:
      $result.append($S)
  return $result

$S_of_$Q : W -> list[str]
- a list with $SQW
> return [$S for $w in $W if $Q]
> $result = []
  for $w in $W:
      if $Q:
          $result.append($S)
  return $result

$S_only_$Q : W -> list[str]
- the $W, where each $w that $Q is replaced by $S(it)
> return [$S if $Q else $w for $w in $W]
> $result = []
  for $w in $W:
      if $Q:
          $result.append($S)
      else:
          $result.append($w)
  return $result

$Us $U_of_each : W -> list[int]
- a list with $UW
> return [$U for $w in $W]
> $result = []
  for $w in $W:
      $result.append($U)
  return $result

$Us_of_$Q : W -> list[int]
- a list with $UQW
> return [$U for $w in $W if $Q]
> $result = []
  for $w in $W:
      if $Q:
          $result.append($U)
  return $result

@(sum/largest/smallest)_of_$Us : W+ -> int
- the @(sum/largest/smallest) of these values: $UW
> return @(sum/max/min)($U for $w in $W)
> values = [$U for $w in $W]
  return @(sum/max/min)(values)

sum_of_$Us_of_$Q : W -> int
- the sum of $UQW
> return sum($U for $w in $W if $Q)
> $total = 0
  for $w in $W:
      if $Q:
          $total += $U
  return $total

@(first/last)_$Q find_@(first/last)_$Q : W -> str | None
- the @(first/last) of the $QW, or None if there are none
> for $w in @($W/reversed($W)):
      if $Q:
          return $w
  return None
> chosen = [$w for $w in $W if $Q]
  return chosen[@(0/-1)] if chosen else None

index_of_@(first/last)_$Q : W -> int
- the index of the @(first/last) $w that $Q, or -1 if there is none
> for i in @(range(len($W))/range(len($W) - 1, -1, -1)):
      if $Q($W[i]):
          return i
  return -1

@(any/all)_$Q @(some/every)_$w_$Q : W -> bool
- ? @(at least one/every one) of the $W $Q
> return @(any/all)($Q for $w in $W)
> for $w in $W:
      if @($Q/$!Q):
          return @(True/False)
  return @(False/True)

none_$Q no_$w_$Q : W -> bool
- ? none of the $W $Qs
> return not any($Q for $w in $W)
> for $w in $W:
      if $Q:
          return False
  return True

@(longest/shortest)_$Q : W -> str
- the @(longest/shortest) of the $QW (of several the first one), or an empty string if there are none
> return @(max/min)([$w for $w in $W if $Q], key=len, default="")
> chosen = [$w for $w in $W if $Q]
  if not chosen:
      return ""
  return @(max/min)(chosen, key=len)

@(most/least)_$U $w_with_@(largest/smallest)_$U : W+ -> str
- the $w with the @(largest/smallest) value of the following kind, or the first of several: $U(the $w)
> return @(max/min)($W, key=lambda $w: $U)
> best = $W[0]
  for $w in $W:
      if $U @(>/<) $U(best):
          best = $w
  return best

sort_by_$U_@(ascending/descending) : W -> list[str]
- the $W sorted in @(ascending/descending) order of this value: $U(the $w)
> return sorted($W, key=lambda $w: $U@(/, reverse=True))

sorted_$Q : W -> list[str]
- the $QW in alphabetical order
> return sorted($w for $w in $W if $Q)
> chosen = [$w for $w in $W if $Q]
  chosen.sort()
  return chosen

join_$Q joined_$Q : W -> str
- one string of the $QW, separated by "$sep"
> return "$sep".join($w for $w in $W if $Q)
> chosen = [$w for $w in $W if $Q]
  return "$sep".join(chosen)

join_$S joined_$S : W -> str
- one string of $SW, separated by "$sep"
> return "$sep".join($S for $w in $W)
> parts = []
  for $w in $W:
      parts.append($S)
  return "$sep".join(parts)

join_with join_by : W separator:sep -> str
- the $W joined to one string, with separator between them
> return separator.join($W)
> $result = ""
  for i, $w in enumerate($W):
      if i > 0:
          $result += separator
      $result += $w
  return $result

join_in_reverse : W separator:sep -> str
- the $W joined to one string in reverse order, with separator between them
> return separator.join(reversed($W))
> return separator.join($W[::-1])

map_to_$U $Us_by_$w : W -> dict[str, int]
- a dictionary from each of the $W to $U(it)
> return {$w: $U for $w in $W}
> $result = {}
  for $w in $W:
      $result[$w] = $U
  return $result

group_by_$U : W -> dict[int, list[str]]
- a dictionary that groups the $W by this value: $U(the $w)
> groups = {}
  for $w in $W:
      groups.setdefault($U, []).append($w)
  return groups
> groups = {}
  for $w in $W:
      measured = $U
      if measured not in groups:
          groups[measured] = []
      groups[measured].append($w)
  return groups

count_by_$U : W -> dict[int, int]
- a dictionary that says how many of the $W have each value of this kind: $U(the $w)
> counts = {}
  for $w in $W:
      measured = $U
      counts[measured] = counts.get(measured, 0) + 1
  return counts

group_by_@(first/last)_character : W -> dict[str, list[str]]
- a dictionary from each @(first/last) character to the list of the $W that @(start/end) with it
> groups = {}
  for $w in $W:
      groups.setdefault($w@([:1]/[-1:]), []).append($w)
  return groups

@(first/last)_characters @(initials/endings) : W -> str
- one string of the @(first/last) characters of the $W
> return "".join($w@([:1]/[-1:]) for $w in $W)
> $result = ""
  for $w in $W:
      $result += $w@([:1]/[-1:])
  return $result

numbered number_each : W -> list[str]
- the $W with their position, a dot and a space in front, as in "1. first"
> return [f"{i}. {$w}" for i, $w in enumerate($W, 1)]
> $result = []
  for i, $w in enumerate($W):
      $result.append(str(i + 1) + ". " + $w)
  return $result

with_lengths : W -> list[tuple[str, int]]
- a list of tuples, each with one of the $W and its length
> return [($w, len($w)) for $w in $W]
> $result = []
  for $w in $W:
      $result.append(($w, len($w)))
  return $result

@(longer/shorter)_than keep_@(longer/shorter)_than : W size:size -> list[str]
- those of the $W that have @(more/fewer) than size characters
> return [$w for $w in $W if len($w) @(>/<) size]
> $result = []
  for $w in $W:
      if len($w) @(>/<) size:
          $result.append($w)
  return $result

count_@(containing/starting_with/ending_with) : W part:part -> int
- how many of the $W @(contain/start with/end with) part
> return sum(1 for $w in $W if @(part in $w/$w.startswith(part)/$w.endswith(part)))
> $count = 0
  for $w in $W:
      if @(part in $w/$w.startswith(part)/$w.endswith(part)):
          $count += 1
  return $count

keep_@(containing/starting_with/ending_with) : W part:part -> list[str]
- the $W that @(contain/start with/end with) part
> return [$w for $w in $W if @(part in $w/$w.startswith(part)/$w.endswith(part))]
> $result = []
  for $w in $W:
      if @(part in $w/$w.startswith(part)/$w.endswith(part)):
          $result.append($w)
  return $result

add_@(prefix/suffix)_to_all : W part:part -> list[str]
- a list of the $W, each with part added at the @(start/end)
> return [@(part + $w/$w + part) for $w in $W]
> $result = []
  for $w in $W:
      $result.append(@(part + $w/$w + part))
  return $result

@(keep_those_in/remove_those_in) : W B -> list[str]
- the $W that are @(also/not) in $B
> return [$w for $w in $W if $w @(in/not in) $B]
> $result = []
  for $w in $W:
      if $w @(in/not in) $B:
          $result.append($w)
  return $result

total_characters : W -> int
- the number of characters in all $W together, plus one for each of them
> return sum(len($w) + 1 for $w in $W)
> $total = 0
  for $w in $W:
      $total += len($w) + 1
  return $total
""",
)
