"""One or two strings."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "strings",
    """
$S text_$S : s -> str
- $S($s)
> return $S
> result = $S
  return result

$S_of_@(first/last)_word : s -> str
- $S(the @(first/last) word) of $s, or an empty string if there are no words
> words = $s.split()
  if not words:
      return ""
  word = words[@(0/-1)]
  return $S(word)

$S_if_$Q : s -> str
- $S($s) if it $Q, otherwise $s unchanged
> if $Q:
      return $S
  return $s
> return $S if $Q else $s

$S_if_$Q_else_empty : s -> str
- $S($s) if it $Q, otherwise an empty string
> return $S if $Q else ""
> if $Q:
      return $S
  return ""

is_$Q check_$Q : s -> bool
- ? $s $Q
> return $Q
> if $Q:
      return True
  return False

$U_of_text get_$U : s -> int
- $U($s)
> return $U

$U_$P : s -> bool
- ? $U($s) $P
> $total = $U
  return $P($total)

$E_of_$U : s -> int
- $E($U($s))
> $total = $U
  return $E($total)
> measured = $U
  return $E(measured)

@(first/last)_character @(first/last)_char_or_empty : s -> str
- the @(first/last) character of $s, or an empty string if there is none
> return $s[@(0/-1)] if $s else ""
> if not $s:
      return ""
  return $s[@(0/-1)]

without_@(first/last)_$j drop_@(first/last)_$j_chars : s -> str
- $s without its @(first/last) $j characters
> return $s@([$j:]/[:-$j])

without_both_ends trim_ends_$j : s -> str
- $s without the first $j and the last $j characters
> return $s[$j:-$j]

@(first/last)_n_characters : s n:small -> str
- the @(first/last) n characters of $s
> return $s@([:n]/[max(0, len($s) - n) :])

repeat_n_times repeat_text : s times:small -> str
- $s repeated times times
> return $s * times
> $result = ""
  for _ in range(times):
      $result += $s
  return $result

repeat_with_separator : s times:small -> str
- $s repeated times times, separated by "$sep"
> return "$sep".join([$s] * times)

swap_halves : s -> str
- the second half of $s followed by the first half; an odd character belongs to the second half
> middle = len($s) // 2
  return $s[middle:] + $s[:middle]

@(first/second)_half_of_text : s -> str
- the @(first/second) half of $s; an odd character belongs to the second half
> return $s@([: len($s) // 2]/[len($s) // 2 :])
> middle = len($s) // 2
  return $s@([:middle]/[middle:])

middle_character : s+ -> str
- the character in the middle of $s; the right one of the two middle ones if the length is even
> return $s[len($s) // 2]

rotate_text_@(left/right) : s -> str
- $s with its @(first character moved to the end/last character moved to the front)
> return @($s[1:] + $s[:1]/$s[-1:] + $s[:-1])

characters_at_@(even/odd)_indexes : s -> str
- the characters of $s at @(even/odd) indexes
> return $s[@(0/1)::2]
> $result = ""
  for i in range(len($s)):
      if i % 2 == @(0/1):
          $result += $s[i]
  return $result

mirrored_text : s -> str
- $s followed by its reverse
> return $s + $s[::-1]

characters_@(forwards/backwards) : s -> list[str]
- the list of the characters of $s@(/, in reverse order)
> return list($s@(/[::-1]))
> $result = []
  for $c in @($s/reversed($s)):
      $result.append($c)
  return $result

distinct_characters_@(in_order/sorted) : s -> str
- the distinct characters of $s in @(the order of their first occurrence/sorted order), as one string
> return "".join(@(dict.fromkeys($s)/sorted(set($s))))
> $result = ""
  for $c in @($s/sorted($s)):
      if $c not in $result:
          $result += $c
  return $result

replace_@(spaces/commas/hyphens)_by_@(dashes/semicolons/spaces) : s -> str
- $s with every @(space/comma/hyphen) replaced by a @(dash/semicolon/space)
> return $s.replace(@(" "/","/"-"), @("-"/";"/" "))
> return @("-"/";"/" ").join($s.split(@(" "/","/"-")))

shorten_to_$k truncate_to_$k : s -> str
- $s cut to $k characters and followed by "..." if it is longer; otherwise $s unchanged
> if len($s) > $k:
      return $s[:$k] + "..."
  return $s
> return $s if len($s) <= $k else $s[:$k] + "..."

pad_@(left/right) : s width:positive -> str
- $s with dots added on the @(left/right) until it has at least width characters
> return $s.@(rjust/ljust)(width, ".")
> while len($s) < width:
      $s = @("." + $s/$s + ".")
  return $s

ensure_@(prefix/suffix) add_@(prefix/suffix)_if_missing : s part:part -> str
- $s with part added at the @(start/end) unless it already @(starts/ends) with it
> if $s.@(startswith/endswith)(part):
      return $s
  return @(part + $s/$s + part)
> return $s if $s.@(startswith/endswith)(part) else @(part + $s/$s + part)

strip_@(prefix/suffix) remove_@(prefix/suffix) : s part:part -> str
- $s without part at the @(start/end), if it is there
> return $s.@(removeprefix/removesuffix)(part)
> if part and $s.@(startswith/endswith)(part):
      return $s@([len(part) :]/[: -len(part)])
  return $s

@(starts/ends)_with check_@(prefix/suffix) : s part:part -> bool
- ? $s @(starts/ends) with part
> return $s.@(startswith/endswith)(part)
> return $s@([: len(part)]/[max(0, len($s) - len(part)) :]) == part

contains_part includes : s part:part -> bool
- ? part occurs in $s
> return part in $s
> return $s.find(part) != -1

contains_@(only_once/more_than_once) : s part:part -> bool
- ? part occurs @(exactly once/more than once) in $s
> return $s.count(part) @(==/>) 1

count_part occurrences_of : s part:part -> int
- how often part occurs in $s, without overlaps
> return $s.count(part)
> return len($s.split(part)) - 1

count_with_overlaps : s part:part -> int
- the number of indexes of $s at which part begins, so that overlaps count
> $count = 0
  for i in range(len($s)):
      if $s.startswith(part, i):
          $count += 1
  return $count

@(first/last)_position_of : s part:part -> int
- the index at which part @(first/last) occurs in $s, or -1 if it does not
> return $s.@(find/rfind)(part)

positions_of_character : s target:char -> list[int]
- the list of the indexes at which target occurs in $s
> return [i for i, $c in enumerate($s) if $c == target]
> $result = []
  for i in range(len($s)):
      if $s[i] == target:
          $result.append(i)
  return $result

text_@(before_first/after_last) : s part:part -> str
- what comes @(before the first/after the last) part in $s, or all of $s if part does not occur
> return $s.@(split/rsplit)(part, 1)[@(0/-1)]
> i = $s.@(find/rfind)(part)
  if i == -1:
      return $s
  return $s@([:i]/[i + len(part) :])

replace_@(first/every) : s old:part new:part -> str
- $s with @(the first/every) old replaced by new
> return $s.replace(old, new@(, 1/))

insert_in_middle : s part:part -> str
- $s with part inserted in the middle (before the middle character if the length is odd)
> middle = len($s) // 2
  return $s[:middle] + part + $s[middle:]

insert_at_index : s part:part index:index -> str
- $s with part inserted before index
> return $s[:index] + part + $s[index:]

remove_character_at : s index:index -> str
- $s without the character at index
> return $s[:index] + $s[index + 1 :]
> return "".join($c for i, $c in enumerate($s) if i != index)

wrap_with surround : s part:part -> str
- $s with part both before and after it
> return part + $s + part
> return f"{part}{$s}{part}"

labelled format_entry : s n:int -> str
- $s and n in the form "$s: n", with the values in place of the names
> return f"{$s}: {n}"
> return $s + ": " + str(n)

greeting make_greeting : name:word -> str
- the string "Hello, NAME!" with name in place of NAME
> return f"Hello, {name}!"
> return "Hello, " + name + "!"

is_@(longer/shorter)_than : s t -> bool
- ? $s is @(longer/shorter) than $t
> return len($s) @(>/<) len($t)

@(longer/shorter)_text : s t -> str
- the @(longer/shorter) of $s and $t; $s if both have the same length
> if len($t) @(>/<) len($s):
      return $t
  return $s
> return $t if len($t) @(>/<) len($s) else $s

same_@(length/first_character/last_character/ignoring_case/letters) : s t -> bool
- ? $s and $t @(have the same length/start with the same character/end with the same character/are equal when upper and lower case are not distinguished/consist of the same characters in any order)
> return @(len($s) == len($t)/$s[:1] == $t[:1]/$s[-1:] == $t[-1:]/$s.lower() == $t.lower()/sorted($s) == sorted($t))

join_both_with : s t separator:sep -> str
- $s and $t with separator between them
> return $s + separator + $t
> return separator.join([$s, $t])

alternate_characters : s t -> str
- the characters of $s and $t in turn, as long as both have some
> $result = ""
  for first, second in zip($s, $t):
      $result += first + second
  return $result
> return "".join(first + second for first, second in zip($s, $t))

common_prefix_of : s t -> str
- the longest text with which both $s and $t start
> i = 0
  while i < min(len($s), len($t)) and $s[i] == $t[i]:
      i += 1
  return $s[:i]

count_@(equal/different)_characters : s t -> int
- the number of indexes at which $s and $t have @(equal/different) characters, as far as both go
> return sum(first @(==/!=) second for first, second in zip($s, $t))
> $count = 0
  for first, second in zip($s, $t):
      if first @(==/!=) second:
          $count += 1
  return $count

characters_@(in_both/only_in_first) : s t -> str
- the characters of $s that @(also/do not) occur in $t, in order
> return "".join($c for $c in $s if $c @(in/not in) $t)
> $result = ""
  for $c in $s:
      if $c @(in/not in) $t:
          $result += $c
  return $result

is_subsequence_of : s t -> bool
- ? all characters of $s occur in $t in the same order, perhaps with others between them
> position = 0
  for $c in $t:
      if position < len($s) and $c == $s[position]:
          position += 1
  return position == len($s)

sum_of_numbers_in digits_total : s -> int
- the sum of all digits that occur in $s, plus $K
> $total = $K
  for $c in $s:
      if $c.isdigit():
          $total += int($c)
  return $total
> return sum(int($c) for $c in $s if $c.isdigit()) + $K

number_or_@(zero/none) parse_number_or_@(zero/none) : s -> @(int/int | None)
- the number that $s stands for if it consists only of digits, otherwise @(0/None)
> if $s.isdigit():
      return int($s)
  return @(0/None)
> return int($s) if $s.isdigit() else @(0/None)

is_@(before/after)_in_alphabet : s t -> bool
- ? $s comes @(before/after) $t in sorted order
> return $s @(</>) $t

alphabetically_@(first/last) : s t -> str
- the one of $s and $t that comes @(first/last) in sorted order
> return @(min/max)($s, $t)
> if $s @(<=/>=) $t:
      return $s
  return $t
""",
)
