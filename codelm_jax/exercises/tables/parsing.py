"""Strings in a format, taken apart, converted and put together."""

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
  for $char in text:
      if $char in "+-":
          $total += sign * int(number)
          number, sign = "", 1 if $char == "+" else -1
      else:
          number += $char
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
  for $char, run in itertools.groupby($s):
      $result += $char + str(len(list(run)))
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
  for i, $char in enumerate(text):
      if i + 1 < len(text) and values[$char] < values[text[i + 1]]:
          $total -= values[$char]
      else:
          $total += values[$char]
  return $total
> values = {"I": 1, "V": 5, "X": 10}
  $total = highest = 0
  for $char in reversed(text):
      value = values[$char]
      $total += value if value >= highest else -value
      highest = max(highest, value)
  return $total

tally_marks marks_for_number : n0 -> str
- $n in tally marks: a "V" for each five, followed by an "I" for each one that is left
> fives, ones = divmod($n, 5)
  return "V" * fives + "I" * ones
> return $n // 5 * "V" + $n % 5 * "I"

to_base_$j digits_in_base_$j : n0 -> str
- the digits of $n in base $j
> if $n == 0:
      return "0"
  digits = ""
  while $n > 0:
      digits = str($n % $j) + digits
      $n //= $j
  return digits

@(binary/octal/hexadecimal)_with_prefix : n0 -> str
- $n as a @(binary/octal/hexadecimal) number with its prefix 0@(b/o/x)
> return @(bin/oct/hex)($n)
> return f"{$n:#@(b/o/x)}"
> return "0@(b/o/x)" + format($n, "@(b/o/x)")

binary_value integer_from_binary : bits:binary -> int
- the value of a binary number, given as a string
> return int(bits, 2)
> value = 0
  for bit in bits:
      value = 2 * value + int(bit)
  return value
> return sum(2 ** i for i, bit in enumerate(reversed(bits)) if bit == "1")

@(invert_bits/swap_zeros_and_ones) complement_of_@(bits/text) : bits:binary -> @(str/int)
- @(the string of zeros and ones in which each 0 became 1 and each 1 became 0/the value of the binary number with all of its digits inverted)
> inverted = "".join("1" if bit == "0" else "0" for bit in bits)
  return @(inverted/int(inverted, 2))
> return @("".join(str(1 - int(bit)) for bit in bits)/2 ** len(bits) - 1 - int(bits, 2))

longest_run_of_@(zeros/ones) : bits:binary -> int
- the length of the longest run of @(zeros/ones) in a string of zeros and ones
> return max(len(run) for run in bits.split("@(1/0)"))
> longest = current = 0
  for bit in bits:
      current = current + 1 if bit == "@(0/1)" else 0
      longest = max(longest, current)
  return longest

has_@(even/odd)_parity : bits:binary -> bool
- ? the number of ones in a string of zeros and ones is @(even/odd)
> return bits.count("1") % 2 == @(0/1)
> $result = @(True/False)
  for bit in bits:
      if bit == "1":
          $result = not $result
  return $result

snake_to_@(camel/pascal)_case : name:snake -> str
- the name in snake_case rewritten in @(camelCase/PascalCase)
> first, *rest = name.split("_")
  return @(first/first.capitalize()) + "".join(part.capitalize() for part in rest)
> parts = [part.capitalize() for part in name.split("_")]
  @(parts[0] = parts[0].lower()
  /)return "".join(parts)

snake_to_@(kebab/title/constant)_case : name:snake -> str
- the name in snake_case @(with dashes for its underscores/as words with capital initials, separated by spaces/in upper case)
> return name.@(replace("_", "-")/replace("_", " ").title()/upper())

camel_to_@(snake/kebab)_case : name:camel -> str
- the name in camelCase rewritten in lower case, with @(an underscore/a dash) before each former capital letter
> $result = ""
  for $char in name:
      $result += "@(_/-)" + $char.lower() if $char.isupper() else $char
  return $result
> return "".join("@(_/-)" + $char.lower() if $char.isupper() else $char for $char in name)
> return re.sub("([A-Z])", r"@(_/-)\\1", name).lower()

words_of_camel_case split_camel_case : name:camel -> list[str]
- the list of the words, in lower case, of which a name in camelCase consists
> parts = [""]
  for $char in name:
      if $char.isupper():
          parts.append("")
      parts[-1] += $char.lower()
  return parts
> return re.sub("([A-Z])", r" \\1", name).lower().split()

count_words_of_@(snake/camel)_name : name:@(snake/camel) -> int
- the number of words in a name in @(snake_case/camelCase)
> return @(len(name.split("_"))/1 + sum(1 for $char in name if $char.isupper()))
> $count = 1
  for $char in name:
      if $char@( == "_"/.isupper()):
          $count += 1
  return $count

@(name/parent)_of_path path_@(name/parent) : path:path -> str
- the part of the path @(after/before) its last slash; @(all of it/an empty string) if there is none
> return path.rpartition("/")[@(2/0)]
> parts = path.split("/")
  return @(parts[-1]/"/".join(parts[:-1]))

@(extension/stem)_of_file file_@(extension/stem) : path:path -> str
- the name of the file at the end of the path @(from its last dot on, or an empty string if it has no dot/up to its last dot, or all of it if it has no dot)
> name = path.split("/")[-1]
  @(return "." + name.split(".")[-1] if "." in name else ""/return name.rsplit(".", 1)[0])
> name = path.rpartition("/")[2]
  stem, dot, extension = name.rpartition(".")
  return @(dot + extension if dot else ""/stem if dot else name)

depth_of_path count_path_parts : path:path -> int
- the number of parts that slashes separate in the path
> return len(path.split("/"))
> return path.count("/") + 1

join_@(path/address)_parts : W -> str
- the $W joined by @(slashes/dots), without empty ones
> return "@(//.)".join($w for $w in $W if $w)

is_in_folder path_is_inside : path:path folder:snake -> bool
- ? the folder is one of the parts of the path before the last
> return folder in path.split("/")[:-1]
> *folders, name = path.split("/")
  return any(part == folder for part in folders)

with_extension change_extension : path:path extension:word -> str
- the path with everything from the last dot of its last part replaced by a dot and the extension
> folder, slash, name = path.rpartition("/")
  stem = name.rsplit(".", 1)[0]
  return folder + slash + stem + "." + extension

@(user/domain)_of_address address_@(user/domain) : address:address -> str
- the part of an e-mail address @(before/after) the "@"
> return address.split("@")[@(0/1)]
> user, domain = address.split("@")
  return @(user/domain)
> return address[@(:address.index("@")/address.index("@") + 1:)]

masked_address hide_user_of_address : address:address -> str
- the e-mail address with all characters of its user but the first replaced by stars
> user, domain = address.split("@")
  return user[0] + "*" * (len(user) - 1) + "@" + domain

@(red/green/blue)_of_color @(red/green/blue)_part : color:color -> int
- the @(red/green/blue) part, from 0 to 255, of a colour such as "#a0ff12"
> return int(color[@(1:3/3:5/5:7)], 16)
> parts = [color[i:i + 2] for i in (1, 3, 5)]
  return int(parts[@(0/1/2)], 16)

color_@(as_tuple/brightness/inverted) : color:color -> @(tuple[int, int, int]/float/str)
- @(a tuple of the three parts, from 0 to 255, of a colour such as "#a0ff12"/the mean of the three parts, from 0 to 255, of a colour such as "#a0ff12"/the colour in the form "#a0ff12" whose parts and those of color add up to 255)
> red, green, blue = int(color[1:3], 16), int(color[3:5], 16), int(color[5:], 16)
  return @(red, green, blue/(red + green + blue) / 3/f"#{255 - red:02x}{255 - green:02x}{255 - blue:02x}")
> parts = [int(color[i:i + 2], 16) for i in range(1, 7, 2)]
  return @(tuple(parts)/sum(parts) / len(parts)/"#" + "".join(format(255 - part, "02x") for part in parts))

@(letters/number)_of_code code_@(letters/number) : code:code -> @(str/int)
- the @(letters/number, as an integer,) of a code such as "AB-123"
> letters, number = code.split("-")
  return @(letters/int(number))
> return @(code[:2]/int(code[3:]))

next_code code_after : code:code -> str
- the code with the same letters and the next number, which has three digits and is 000 after 999
> letters, number = code.split("-")
  return f"{letters}-{(int(number) + 1) % 1000:03d}"
> following = str((int(code[3:]) + 1) % 1000)
  return code[:3] + following.zfill(3)

@(level/title)_of_heading heading_@(level/title) : heading:heading -> @(int/str)
- the @(level/title) of a heading such as "## Notes"@(, which is the number of its "#"/)
> marks, title = heading.split(" ", 1)
  return @(len(marks)/title)
> return @(heading.count("#")/heading.lstrip("# "))

numbers_within_text find_numbers : s -> list[int]
- the list of the numbers that groups of digits in $s make
> return [int(group) for group in re.findall("[0-9]+", $s)]
> $result = []
  group = ""
  for $char in $s + " ":
      if $char.isdigit():
          group += $char
      elif group:
          $result.append(int(group))
          group = ""
  return $result

@(letters/digits)_only_@(lower/text) : s -> str
- $s with nothing but its @(letters, in lower case/digits)
> return re.sub("[^@(a-z/0-9)]", "", $s@(.lower()/))
> return "".join($char for $char in $s@(.lower()/) if "@(a/0)" <= $char <= "@(z/9)")

tokenize_letters_and_digits split_letters_and_digits : s -> list[str]
- the list of the longest groups of letters and of digits in $s, in their order
> return re.findall("[a-zA-Z]+|[0-9]+", $s)

make_identifier text_to_identifier : s -> str
- $s in lower case with each group of other characters than letters and digits replaced by "_", and none at its ends
> return re.sub("[^a-z0-9]+", "_", $s.lower()).strip("_")
> $result = ""
  for $char in $s.lower():
      if $char.isalnum():
          $result += $char
      elif not $result.endswith("_"):
          $result += "_"
  return $result.strip("_")

quoted_@(fields/line) : W -> str
- the $W, each in double quotes, separated by @(commas/semicolons)
> return "@(,/;)".join(f'"{$w}"' for $w in $W)
> return "@(,/;)".join('"' + $w + '"' for $w in $W)

@(stripped/nonempty)_fields split_fields_@(stripped/nonempty) : line:text -> list[str]
- the list of the fields of line, which are separated by commas, without @(spaces at their ends/the empty ones)
> return [field@(.strip()/) for field in line.split(",")@(/ if field)]
> $result = []
  for field in line.split(","):
      @($result.append(field.strip())/if field:
          $result.append(field))
  return $result

key_and_value split_at_equals : text:settings -> tuple[str, str]
- a tuple of what comes before and after the first "=" in text
> key, _, value = text.partition("=")
  return key, value
> place = text.index("=")
  return text[:place], text[place + 1:]
""",
)
