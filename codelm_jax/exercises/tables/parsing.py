"""Strings in a format, taken apart and evaluated."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "parsing",
    """
parse_numbers numbers_from_text : text:numbers_text -> list[int]
- the list of the integers in text, which are separated by commas
> return [int(part) for part in text.split(",")]
> $result = []
  for part in text.split(","):
      $result.append(int(part))
  return $result
> return list(map(int, text.split(",")))

@(sum/maximum/minimum)_of_numbers_in_text @(total/largest/smallest)_number_in_text : text:numbers_text -> int
- the @(sum/largest/smallest) of the integers in text, which are separated by commas
> return @(sum/max/min)(int(part) for part in text.split(","))
> numbers = [int(part) for part in text.split(",")]
  return @(sum/max/min)(numbers)

sort_numbers_in_text_@(ascending/descending) : text:numbers_text -> str
- the integers in text, which are separated by commas, in @(ascending/descending) order and separated in the same way
> numbers = sorted((int(part) for part in text.split(","))@(/, reverse=True))
  return ",".join(str(number) for number in numbers)
> parts = text.split(",")
  parts.sort(key=int@(/, reverse=True))
  return ",".join(parts)

numbers_in_text_that_$P : text:numbers_text -> list[int]
- the integers in text, which are separated by commas, that $Ps
> return [i for i in map(int, text.split(",")) if $P(i)]
> $result = []
  for part in text.split(","):
      i = int(part)
      if $P(i):
          $result.append(i)
  return $result

expand_ranges numbers_in_ranges : text:ranges_text -> list[int]
- the list of the integers in text, where a range such as "2-5" gives all integers from 2 to 5
> $result = []
  for part in text.split(","):
      if "-" in part:
          first, last = part.split("-")
          $result.extend(range(int(first), int(last) + 1))
      else:
          $result.append(int(part))
  return $result
> $result = []
  for part in text.split(","):
      first, _, last = part.partition("-")
      $result += range(int(first), int(last or first) + 1)
  return $result

count_numbers_in_ranges : text:ranges_text -> int
- how many integers the ranges in text, such as "2-5,8", hold in all, counting repeated ones again
> $count = 0
  for part in text.split(","):
      first, _, last = part.partition("-")
      $count += int(last or first) - int(first) + 1
  return $count

compress_ranges ranges_of_numbers : numbers:sorted_ints -> list[str]
- a list of strings for the numbers, which are in ascending order: "a-b" for each run of successive integers, "a" for a single one
> $result = []
  start = None
  for i, number in enumerate(numbers):
      if start is None:
          start = number
      if i + 1 == len(numbers) or numbers[i + 1] > number + 1:
          $result.append(str(start) if start == number else f"{start}-{number}")
          start = None
  return $result

parse_settings settings_as_dict : text:settings -> dict[str, int]
- a dictionary of the settings in text, such as "size=3;level=7", with integers as values
> $result = {}
  for piece in text.split(";"):
      key, value = piece.split("=")
      $result[key] = int(value)
  return $result
> pairs = (piece.split("=") for piece in text.split(";"))
  return {key: int(value) for key, value in pairs}

setting_@(names/values) list_setting_@(names/values) : text:settings -> list[@(str/int)]
- the list of the @(names/values as integers) in settings such as "size=3;level=7"
> return [@(piece.split("=")[0]/int(piece.split("=")[1])) for piece in text.split(";")]
> $result = []
  for piece in text.split(";"):
      name, value = piece.split("=")
      $result.append(@(name/int(value)))
  return $result

value_of_setting look_up_setting : text:settings name:word -> int | None
- the value, as an integer, that settings such as "size=3;level=7" give to name, or None if they do not give it one
> for piece in text.split(";"):
      key, value = piece.split("=")
      if key == name:
          return int(value)
  return None

settings_text dict_to_settings : D -> str
- a string of $D with each key and value in the form key=value, separated by semicolons
> return ";".join(f"{$key}={$value}" for $key, $value in $D.items())
> parts = []
  for $key, $value in $D.items():
      parts.append($key + "=" + str($value))
  return ";".join(parts)

evaluate_sum value_of_sum : text:sum_text -> int
- the value of a sum of integers such as "3+4-2"
> return sum(int(part) for part in text.replace("-", "+-").split("+"))
> $total, number, sign = 0, "", 1
  for $c in text:
      if $c in "+-":
          $total += sign * int(number)
          number, sign = "", 1 if $c == "+" else -1
      else:
          number += $c
  return $total + sign * int(number)

@(count/list)_summands : text:sum_text -> @(int/list[int])
- @(how many integers are joined by plus and minus signs in text/the list of the integers joined by plus and minus signs in text, without their signs)
> parts = text.replace("-", "+").split("+")
  return @(len(parts)/[int(part) for part in parts])
> return @(1 + text.count("+") + text.count("-")/[int(part) for part in re.split("[+-]", text)])

evaluate_postfix value_of_postfix : text:postfix -> int
- the value of an expression in postfix notation, such as "3 4 + 2 *", with the operators +, - and *
> stack = []
  for part in text.split():
      if part in ("+", "-", "*"):
          right = stack.pop()
          left = stack.pop()
          if part == "+":
              stack.append(left + right)
          elif part == "-":
              stack.append(left - right)
          else:
              stack.append(left * right)
      else:
          stack.append(int(part))
  return stack[0]
> stack = []
  for part in text.split():
      if part.isdigit():
          stack.append(int(part))
          continue
      right, left = stack.pop(), stack.pop()
      stack.append({"+": left + right, "-": left - right, "*": left * right}[part])
  return stack.pop()

count_@(operators/operands) : text:postfix -> int
- how many @(operators/numbers) an expression whose parts are separated by spaces has
> return sum(1 for part in text.split() if @(part in "+-*"/part.isdigit()))
> $count = 0
  for part in text.split():
      if @(part in "+-*"/part not in "+-*"):
          $count += 1
  return $count

version_as_tuple parse_version : version:version -> tuple[int, int, int]
- a tuple of the three numbers of a version such as "1.4.2"
> major, minor, patch = version.split(".")
  return int(major), int(minor), int(patch)
> return tuple(int(part) for part in version.split("."))

next_@(major/minor/patch)_version bump_@(major/minor/patch) : version:version -> str
- the next @(major/minor/patch) version after one such as "1.4.2": @(the first number grows by one, the others become 0/the second number grows by one, the third becomes 0/the third number grows by one)
> major, minor, patch = (int(part) for part in version.split("."))
  return f"@({major + 1}.0.0/{major}.{minor + 1}.0/{major}.{minor}.{patch + 1})"
> parts = [int(part) for part in version.split(".")]
  parts[@(0/1/2)] += 1
  @(parts[1] = parts[2] = 0/parts[2] = 0/assert len(parts) == 3)
  return ".".join(str(part) for part in parts)

is_@(newer/older)_version : first:version second:version -> bool
- ? the first version, such as "1.4.2", is @(newer/older) than the second
> one = [int(part) for part in first.split(".")]
  two = [int(part) for part in second.split(".")]
  return one @(>/<) two
> for one, other in zip(first.split("."), second.split(".")):
      if int(one) != int(other):
          return int(one) @(>/<) int(other)
  return False

same_@(major/minor)_version : first:version second:version -> bool
- ? both versions have the same @(first number/first two numbers)
> return first.split(".")[:@(1/2)] == second.split(".")[:@(1/2)]

expand_runs decode_runs : text:runs -> str
- the string in which each letter of text is repeated as often as the digit behind it says
> return "".join(text[i] * int(text[i + 1]) for i in range(0, len(text), 2))
> $result = ""
  for letter, digit in zip(text[::2], text[1::2]):
      $result += letter * int(digit)
  return $result

encode_runs run_lengths : s -> str
- a string with each run of equal characters in $s written as the character and the length of the run
> $result = ""
  for $c, run in itertools.groupby($s):
      $result += $c + str(len(list(run)))
  return $result
> $result = ""
  start = 0
  for i in range(1, len($s) + 1):
      if i == len($s) or $s[i] != $s[start]:
          $result += $s[start] + str(i - start)
          start = i
  return $result

total_of_runs length_of_runs : text:runs -> int
- the sum of the digits in text, in which letters and digits take turns
> return sum(int(digit) for digit in text[1::2])
> return sum(map(int, text[1::2]))

roman_to_integer value_of_roman : text:roman -> int
- the value of a Roman number made of I, V and X
> values = {"I": 1, "V": 5, "X": 10}
  $total = 0
  for i, $c in enumerate(text):
      if i + 1 < len(text) and values[$c] < values[text[i + 1]]:
          $total -= values[$c]
      else:
          $total += values[$c]
  return $total
> values = {"I": 1, "V": 5, "X": 10}
  $total = highest = 0
  for $c in reversed(text):
      value = values[$c]
      $total += value if value >= highest else -value
      highest = max(highest, value)
  return $total

tally_marks marks_for_number : n0 -> str
- $n in tally marks: a "V" for each five, followed by an "I" for each one that is left
> fives, ones = divmod($n, 5)
  return "V" * fives + "I" * ones
> return $n // 5 * "V" + $n % 5 * "I"

maximum_depth deepest_nesting : text:brackets -> int
- how deep round brackets are nested at most in text; closing brackets without an opening one count as -1
> depth = deepest = 0
  for $c in text:
      if $c == "(":
          depth += 1
          deepest = max(deepest, depth)
      elif $c == ")":
          depth -= 1
  return deepest

brackets_to_add missing_brackets : text:brackets -> int
- how many round brackets must be added to text so that each of them has its partner
> unopened = depth = 0
  for $c in text:
      if $c == "(":
          depth += 1
      elif $c == ")":
          if depth:
              depth -= 1
          else:
              unopened += 1
  return unopened + depth
> stack = []
  for $c in text:
      if $c == ")" and stack and stack[-1] == "(":
          stack.pop()
      elif $c in "()":
          stack.append($c)
  return len(stack)
""",
)
