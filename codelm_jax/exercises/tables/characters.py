"""The characters of a string, one by one."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "characters",
    """
count_$C_chars count_$C number_of_$C : s -> int
- the number of $Cs in $s
- how many $Cs there are in $s
- ! Count the $Cs in $s
> return sum(1 for $c in $s if $C)
> $count = 0
  for $c in $s:
      if $C:
          $count += 1
  return $count
> return len([$c for $c in $s if $C])

@(keep/remove)_$C @(only/without)_$C : s -> str
- $s with @(everything but the $Cs/all $Cs) removed
> return "".join($c for $c in $s if @($C/$!C))
> $result = ""
  for $c in $s:
      if @($C/$!C):
          $result += $c
  return $result

replace_$C_by_@(star/dash/space) mask_$C_with_@(star/dash/space) : s -> str
- $s with each of the $Cs replaced by @(an asterisk/a dash/a space)
> return "".join(@("*"/"-"/" ") if $C else $c for $c in $s)
> $result = ""
  for $c in $s:
      if $C:
          $result += @("*"/"-"/" ")
      else:
          $result += $c
  return $result

$H_each every_character_$H : s -> str
- a string with $H(each character of the text) of $s, in order
> return "".join($H for $c in $s)
> $result = ""
  for $c in $s:
      $result += $H
  return $result

$H_only_$C : s -> str
- $s with each of the $Cs replaced by $H(itself)
> return "".join($H if $C else $c for $c in $s)
> $result = ""
  for $c in $s:
      if $C:
          $result += $H
      else:
          $result += $c
  return $result

@(any/all)_$C @(has/consists_of)_$C : s -> bool
- ? @(at least one character/every character) of $s is one of these: $Cs
> return @(any/all)($C for $c in $s)
> for $c in $s:
      if @($C/$!C):
          return @(True/False)
  return @(False/True)

no_$C has_no_$C : s -> bool
- ? there are no $Cs in $s
> return not any($C for $c in $s)
> for $c in $s:
      if $C:
          return False
  return True

@(starts/ends)_with_$C : s+ -> bool
- ? the @(first/last) character of $s is a(n) $C
> return $C($s[@(0/-1)])
> $c = $s[@(0/-1)]
  return $C

index_of_@(first/last)_$C : s -> int
- the index of the @(first/last) $C in $s, or -1 if there is none
> for i in @(range(len($s))/range(len($s) - 1, -1, -1)):
      if $C($s[i]):
          return i
  return -1
> found = -1
  for i, $c in enumerate($s):
      if @(found == -1 and ($C)/$C):
          found = i
  return found

@(first/last)_$C find_@(first/last)_$C : s -> str | None
- the @(first/last) $C in $s, or None if there is none
> for $c in @($s/reversed($s)):
      if $C:
          return $c
  return None
> chosen = [$c for $c in $s if $C]
  return chosen[@(0/-1)] if chosen else None

indexes_of_$C : s -> list[int]
- the list of the indexes of the $Cs in $s
> return [i for i, $c in enumerate($s) if $C]
> $result = []
  for i, $c in enumerate($s):
      if $C:
          $result.append(i)
  return $result

list_$C : s -> list[str]
- the list of the $Cs in $s, in order
> return [$c for $c in $s if $C]
> $result = []
  for $c in $s:
      if $C:
          $result.append($c)
  return $result

distinct_$C : s -> str
- the distinct $Cs in $s, each once, in sorted order
> return "".join(sorted({$c for $c in $s if $C}))
> $result = ""
  for $c in sorted($s):
      if ($C) and $c not in $result:
          $result += $c
  return $result

longest_run_of_$C : s -> int
- the length of the longest run of $Cs in $s
> longest = current = 0
  for $c in $s:
      current = current + 1 if $C else 0
      longest = max(longest, current)
  return longest
> longest = current = 0
  for $c in $s:
      if $C:
          current += 1
      else:
          current = 0
      if current > longest:
          longest = current
  return longest

@(leading/trailing)_$C : s -> int
- the number of $Cs at the @(start/end) of $s, before any other character is met
> $count = 0
  for $c in @($s/reversed($s)):
      if $!C:
          break
      $count += 1
  return $count

text_before_first_$C : s -> str
- the part of $s before the first $C, or all of $s if there is none
> for i, $c in enumerate($s):
      if $C:
          return $s[:i]
  return $s
> $result = ""
  for $c in $s:
      if $C:
          break
      $result += $c
  return $result

text_after_first_$C : s -> str
- the part of $s after the first $C, or an empty string if there is none
> for i, $c in enumerate($s):
      if $C:
          return $s[i + 1 :]
  return ""

split_by_$C : s -> tuple[str, str]
- a tuple of two strings: the $Cs in $s and all other characters
> chosen = ""
  rest = ""
  for $c in $s:
      if $C:
          chosen += $c
      else:
          rest += $c
  return chosen, rest

$C_@(first/last) move_$C_to_@(front/end) : s -> str
- $s with all $Cs moved to the @(front/end)
> chosen = "".join($c for $c in $s if $C)
  rest = "".join($c for $c in $s if $!C)
  return @(chosen + rest/rest + chosen)

share_of_$C fraction_$C : s+ -> float
- the share of $Cs among all characters of $s, as a number from 0 to 1
> return sum(1 for $c in $s if $C) / len($s)
> $count = 0
  for $c in $s:
      if $C:
          $count += 1
  return $count / len($s)

at_@(least/most)_$j_$C : s -> bool
- ? there are at @(least/most) $j $Cs in $s
> return sum(1 for $c in $s if $C) @(>=/<=) $j
> $count = 0
  for $c in $s:
      if $C:
          $count += 1
  return $count @(>=/<=) $j

count_$C_@(pairs/groups) : s -> int
- the number of @(pairs of neighbouring characters in $s that are both $Cs/separate runs of $Cs in $s)
> $count = 0
  inside = False
  for $c in $s:
      if ($C) and @(inside/not inside):
          $count += 1
      inside = $C
  return $count

@(count_characters/count_non_spaces) : s -> dict[str, int]
- a dictionary that says how often each character occurs in $s@(/, spaces left out)
> counts = {}
  for $c in $s@(/.replace(" ", "")):
      counts[$c] = counts.get($c, 0) + 1
  return counts

count_each_$C : s -> dict[str, int]
- a dictionary that says how often each of the $Cs occurs in $s
> counts = {}
  for $c in $s:
      if $C:
          counts[$c] = counts.get($c, 0) + 1
  return counts

most_@(frequent/rare)_character : s+ -> str
- the character that occurs @(most/least) often in $s; of several the first one
> return @(max/min)($s, key=$s.count)
> best = $s[0]
  for $c in $s:
      if $s.count($c) @(>/<) $s.count(best):
          best = $c
  return best

characters_that_occur_@(once/often) : s -> str
- the characters that occur @(exactly once/more than once) in $s, each once, in the order of their first occurrence
> return "".join($c for $c in dict.fromkeys($s) if $s.count($c) @(==/>) 1)
> $result = ""
  for $c in $s:
      if $s.count($c) @(==/>) 1 and $c not in $result:
          $result += $c
  return $result

@(neighbour/next_but_one)_repeats : s -> int
- the number of indexes at which a character of $s equals the @(next one/one two places later)
> $count = 0
  for i in range(len($s) - @(1/2)):
      if $s[i] == $s[i + @(1/2)]:
          $count += 1
  return $count
> return sum(first == second for first, second in zip($s, $s[@(1/2):]))

squeeze_runs_to_@(one/two) : s -> str
- $s with every run of equal characters reduced to @(one/at most two) of them
> $result = ""
  for $c in $s:
      if @($result[-1:] != $c/$result[-2:] != $c * 2):
          $result += $c
  return $result

largest_@(letter/digit)_in : s -> str
- the @(letter/digit) of $s that comes last in sorted order, or an empty string if there is none
> return max(($c for $c in $s if $c.@(isalpha/isdigit)()), default="")
> best = ""
  for $c in $s:
      if $c.@(isalpha/isdigit)() and $c > best:
          best = $c
  return best

shift_letters_by_$j : s -> str
- $s with each lowercase letter replaced by the one $j places later in the alphabet, going on with a after z
> $result = ""
  for $c in $s:
      if "a" <= $c <= "z":
          $result += chr((ord($c) - ord("a") + $j) % 26 + ord("a"))
      else:
          $result += $c
  return $result

code_sum_of_$C : s -> int
- the sum of the character codes of the $Cs in $s
> return sum(ord($c) for $c in $s if $C)
> $total = 0
  for $c in $s:
      if $C:
          $total += ord($c)
  return $total

alternate_case_from_@(upper/lower) : s -> str
- $s with its characters in upper and lower case in turn, beginning with @(upper/lower) case
> $result = ""
  for i, $c in enumerate($s):
      if i % 2 == @(0/1):
          $result += $c.upper()
      else:
          $result += $c.lower()
  return $result

characters_joined_with : s -> str
- the characters of $s with "$sep" between each two of them
> return "$sep".join($s)
> $result = ""
  for i, $c in enumerate($s):
      if i > 0:
          $result += "$sep"
      $result += $c
  return $result

pieces_of_$j : s -> list[str]
- $s cut into pieces of $j characters; the last one may be shorter
> return [$s[i : i + $j] for i in range(0, len($s), $j)]
> $result = []
  i = 0
  while i < len($s):
      $result.append($s[i : i + $j])
      i += $j
  return $result
""",
)
