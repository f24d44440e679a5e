"""The words of a text."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "sentences",
    """
words_of_text_$Q : s -> list[str]
- the list of the words of $s that $Qs
> return [word_in_text for word_in_text in $s.split() if $Q(word_in_text)]
> $result = []
  for part in $s.split():
      if $Q(part):
          $result.append(part)
  return $result

count_words_$Q : s -> int
- how many words of $s $Qs
> return sum(1 for part in $s.split() if $Q(part))
> $count = 0
  for part in $s.split():
      if $Q(part):
          $count += 1
  return $count

$S_each_word : s -> str
- $s with each word replaced by $S(the word), the words separated by single spaces
> return " ".join($S(part) for part in $s.split())
> parts = []
  for part in $s.split():
      parts.append($S(part))
  return " ".join(parts)

$S_words_$Q : s -> str
- $s with each word that $Q replaced by $S(it), the words separated by single spaces
> return " ".join($S(part) if $Q(part) else part for part in $s.split())
> parts = []
  for part in $s.split():
      if $Q(part):
          parts.append($S(part))
      else:
          parts.append(part)
  return " ".join(parts)

@(longest/shortest)_word_in : s -> str
- the @(longest/shortest) word of $s, the first of several, or an empty string if there is none
> return @(max/min)($s.split(), key=len, default="")
> best = ""
  for part in $s.split():
      if best == "" or len(part) @(>/<) len(best):
          best = part
  return best

words_in_@(reverse/sorted)_order : s -> str
- the words of $s in @(reverse/alphabetical) order, separated by single spaces
> return " ".join(@(reversed/sorted)($s.split()))
> parts = $s.split()
  parts.@(reverse/sort)()
  return " ".join(parts)

@(word_lengths/sorted_word_lengths) : s -> list[int]
- a list of the lengths of the words of $s@(/, in ascending order)
> return @([len(part) for part in $s.split()]/sorted(len(part) for part in $s.split()))

word_at : s index:index -> str
- the word of $s at position index, counted from 0, or an empty string if there are not so many words
> parts = $s.split()
  return parts[index] if index < len(parts) else ""
> parts = $s.split()
  if index >= len(parts):
      return ""
  return parts[index]

@(first/last)_word : s -> str
- the @(first/last) word of $s, or an empty string if there is none
> parts = $s.split()
  return parts[@(0/-1)] if parts else ""
> parts = $s.split()
  if not parts:
      return ""
  return parts[@(0/-1)]

without_@(first/last)_word : s -> str
- $s without its @(first/last) word, the words separated by single spaces
> return " ".join($s.split()@([1:]/[:-1]))

@(word_counts/lowercase_word_counts) : s -> dict[str, int]
- a dictionary that says how often each word occurs in $s@(/, with all words in lower case)
> counts = {}
  for part in $s@(/.lower()).split():
      counts[part] = counts.get(part, 0) + 1
  return counts

@(upper/lower)_acronym : s -> str
- the first characters of the words of $s in @(upper/lower) case, followed by "$sep"
> return "".join(part[0] for part in $s.split()).@(upper/lower)() + "$sep"

normalise_spaces : s -> str
- $s with every run of spaces reduced to one space and none at the ends
> return " ".join($s.split())

count_lines_$Q : W -> int
- how many $W $Qs once spaces at both ends are removed
> $count = 0
  for $w in $W:
      stripped = $w.strip()
      if $Q(stripped):
          $count += 1
  return $count

move_$Q_@(first/last) : W -> list[str]
- the $W with those that $Qs moved to the @(front/end), otherwise in the same order
> chosen = [$w for $w in $W if $Q]
  rest = [$w for $w in $W if $!Q]
  return @(chosen + rest/rest + chosen)

all_same_$U : W -> bool
- ? all $W have the same value of this kind: $U(the $w)
> return len({$U for $w in $W}) <= 1
> for $w in $W:
      if $U != $U($W[0]):
          return False
  return True
""",
)
