"""Whether a string follows a format, and other checks of what users type."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "checks",
    """
is_date looks_like_date : text:maybe_date -> bool
- ? text has the form YYYY-MM-DD with a month from 01 to 12 and a day from 01 to 31
> parts = text.split("-")
  if [len(part) for part in parts] != [4, 2, 2]:
      return False
  if not all(part.isdigit() for part in parts):
      return False
  return 1 <= int(parts[1]) <= 12 and 1 <= int(parts[2]) <= 31
> if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
      return False
  month, day = int(text[5:7]), int(text[8:])
  return 1 <= month <= 12 and 1 <= day <= 31

is_clock_time is_time_of_day : text:maybe_time -> bool
- ? text is a time of day from "00:00" to "23:59"
> if len(text) != 5 or text[2] != ":":
      return False
  hours, minutes = text[:2], text[3:]
  if not (hours.isdigit() and minutes.isdigit()):
      return False
  return int(hours) < 24 and int(minutes) < 60
> return re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text) is not None

is_version is_version_number : text:maybe_version -> bool
- ? text consists of three numbers separated by dots
> parts = text.split(".")
  return len(parts) == 3 and all(part.isdigit() for part in parts)
> return bool(re.fullmatch(r"[0-9]+[.][0-9]+[.][0-9]+", text))
> parts = text.split(".")
  if len(parts) != 3:
      return False
  for part in parts:
      if not part.isdigit():
          return False
  return True

is_color is_hex_color : text:maybe_color -> bool
- ? text is a "#" followed by six hexadecimal digits, with letters in lower case
> if len(text) != 7 or text[0] != "#":
      return False
  return all($c in "0123456789abcdef" for $c in text[1:])
> return re.fullmatch(r"#[0-9a-f]{6}", text) is not None
> if not text.startswith("#") or len(text) != 7:
      return False
  for $c in text[1:]:
      if $c not in "0123456789abcdef":
          return False
  return True

is_code is_product_code : text:maybe_code -> bool
- ? text has the form of two capital letters, a dash and three digits
> letters, dash, digits = text[:2], text[2:3], text[3:]
  if dash != "-" or len(digits) != 3:
      return False
  return letters.isalpha() and letters.isupper() and digits.isdigit()
> return bool(re.fullmatch(r"[A-Z]{2}-[0-9]{3}", text))

is_integer_text is_whole_number : text:maybe_signed -> bool
- ? text is an integer, with or without a minus sign
> digits = text[1:] if text.startswith("-") else text
  return digits.isdigit()
> return re.fullmatch(r"-?[0-9]+", text) is not None
> return text.removeprefix("-").isdigit()

is_decimal_text is_decimal : text:maybe_signed -> bool
- ? text consists of digits with at most one dot, which is neither at the start nor at the end
> whole, dot, rest = text.partition(".")
  if not whole.isdigit():
      return False
  return not dot or rest.isdigit()
> return bool(re.fullmatch(r"[0-9]+([.][0-9]+)?", text))

is_@(binary_text/bit_string) only_zeros_and_ones_@(any/eight) : text:maybe_binary -> bool
- ? text consists only of zeros and ones@(, at least one of them/ and has at most 6 of them)
> return @(text != ""/0 < len(text) <= 6) and all($c in "01" for $c in text)
> return @(len(text) > 0/1 <= len(text) <= 6) and set(text) <= {"0", "1"}

is_address is_email_address : text:maybe_address -> bool
- ? text has exactly one "@" with something before it, and behind it a dot that is neither first nor last
> if text.count("@") != 1:
      return False
  user, domain = text.split("@")
  return user != "" and "." in domain.strip(".") and domain.strip(".") == domain
> name, at, domain = text.partition("@")
  if not name or not at or "@" in domain:
      return False
  if domain.startswith(".") or domain.endswith("."):
      return False
  return "." in domain

is_snake_case has_snake_case : text:maybe_snake -> bool
- ? text consists of groups of lowercase letters and digits that are separated by single underscores
> parts = text.split("_")
  return all(part.isalnum() and part == part.lower() for part in parts)
> for part in text.split("_"):
      if not part.isalnum() or part != part.lower():
          return False
  return True

is_camel_case has_camel_case : text:maybe_camel -> bool
- ? text consists only of letters and digits and begins with a lowercase letter
> return text.isalnum() and text[0].islower()
> if not text or not text[0].islower():
      return False
  return all($c.isalnum() for $c in text)

is_sum_text is_sum_of_integers : text:maybe_sum_text -> bool
- ? text consists of groups of digits that are joined by single plus or minus signs
> return all(part.isdigit() for part in text.replace("-", "+").split("+"))
> return re.fullmatch(r"[0-9]+([+-][0-9]+)*", text) is not None

is_number_list is_list_of_numbers : text:maybe_numbers_text -> bool
- ? text consists of integers separated by single commas
> for part in text.split(","):
      if not part.removeprefix("-").isdigit():
          return False
  return True
> return all(re.fullmatch(r"-?[0-9]+", part) for part in text.split(","))

is_settings_text has_valid_settings : text:maybe_settings -> bool
- ? each piece of text between semicolons has exactly one "=", which is neither first nor last in it
> for piece in text.split(";"):
      if piece.count("=") != 1 or piece[0] == "=" or piece[-1] == "=":
          return False
  return True
> return all(piece.count("=") == 1 and all(piece.split("=")) for piece in text.split(";"))

is_heading is_markdown_heading : text:maybe_heading -> bool
- ? text begins with one or more "#", followed by a space and at least one more character
> marks, space, title = text.partition(" ")
  return marks != "" and set(marks) == {"#"} and title != ""
> return re.match(r"#+ .", text) is not None

is_duration is_duration_text : text:maybe_duration -> bool
- ? text is a duration such as "2h30m", "2h" or "30m"
> return bool(re.fullmatch(r"[0-9]+h([0-9]+m)?|[0-9]+m", text))
> hours, h, rest = text.rpartition("h")
  if h and not hours.isdigit():
      return False
  if h and not rest:
      return True
  return rest.endswith("m") and rest[:-1].isdigit()

are_moves only_moves : text:maybe_moves -> bool
- ? text consists only of the letters U, D, L and R, at least one of them
> return bool(text) and all($c in "UDLR" for $c in text)
> return re.fullmatch(r"[UDLR]+", text) is not None

@(letters_and_digits_alternate/letter_first_digit_last) : text:maybe_runs -> bool
- ? text @(consists of a letter and a digit in turn, beginning with a letter/begins with a letter and ends with a digit)
> @(if len(text) % 2 != 0:
      return False
  return all(text[i].isalpha() and text[i + 1].isdigit() for i in range(0, len(text), 2))/return text[:1].isalpha() and text[-1:].isdigit())

is_strong_password is_password_good_enough : password:password -> bool
- ? password has at least $k characters and among them a letter and a digit
> if len(password) < $k:
      return False
  has_letter = any($c.isalpha() for $c in password)
  has_digit = any($c.isdigit() for $c in password)
  return has_letter and has_digit
> letters = digits = 0
  for $c in password:
      if $c.isalpha():
          letters += 1
      elif $c.isdigit():
          digits += 1
  return len(password) >= $k and letters > 0 and digits > 0

password_@(score/problems) rate_password_by_@(points/problems) : password:password -> @(int/list[str])
- @(one point each for at least $k characters, a digit, an uppercase and a lowercase letter in the password/a list of what is missing in the password: "too short" below $k characters, "no digit", "no capital")
> @($total = 0
  if len(password) >= $k:
      $total += 1
  if any($c.isdigit() for $c in password):
      $total += 1
  if any($c.isupper() for $c in password):
      $total += 1
  if any($c.islower() for $c in password):
      $total += 1
  return $total/$result = []
  if len(password) < $k:
      $result.append("too short")
  if not any($c.isdigit() for $c in password):
      $result.append("no digit")
  if not any($c.isupper() for $c in password):
      $result.append("no capital")
  return $result)

is_user_name is_login_name : name:text -> bool
- ? name begins with a letter, consists only of letters, digits and underscores, and has at most $k characters
> if not name or len(name) > $k:
      return False
  if not name[0].isalpha():
      return False
  return all($c.isalnum() or $c == "_" for $c in name)
> return 0 < len(name) <= $k and name[0].isalpha() and name.replace("_", "").isalnum()

has_@(square/curly)_brackets_balanced : text:brackets -> bool
- ? every opening @(square/curly) bracket in text has its closing one, in the right order
> depth = 0
  for $c in text:
      if $c == "@([/{)":
          depth += 1
      elif $c == "@(]/})":
          depth -= 1
          if depth < 0:
              return False
  return depth == 0

check_digit_@(is_correct/of_sum) : digits:digits -> @(bool/int)
- @(? the sum of the digits is divisible by $k/the smallest number that, added to the sum of the digits, makes it divisible by $k)
> $total = sum(int(digit) for digit in digits)
  return @($total % $k == 0/-$total % $k)
> $total = 0
  for digit in digits:
      $total += int(digit)
  return @(not $total % $k/($k - $total % $k) % $k)

weighted_@(checksum/check) : digits:digits -> @(int/bool)
- @(/? )the sum of each digit times its position, counted from 1, @(modulo $k/is divisible by $k)
> $total = 0
  for i, digit in enumerate(digits, start=1):
      $total += i * int(digit)
  return $total % $k@(/ == 0)
> return sum((i + 1) * int(digit) for i, digit in enumerate(digits)) % $k@(/ == 0)

@(first/last)_invalid_entry find_@(first/last)_invalid : entries:entries -> str | None
- the @(first/last) of the entries that does not consist only of digits, or None if there is none
> for entry in @(entries/reversed(entries)):
      if not entry.isdigit():
          return entry
  return None
> faulty = [entry for entry in entries if not entry.isdigit()]
  return faulty[@(0/-1)] if faulty else None

@(sum/largest)_of_valid_entries @(total/highest)_of_valid : entries:entries -> int
- the @(sum/largest) of those entries that consist only of digits, or 0 if there are none
> return @(sum(int(entry) for entry in entries if entry.isdigit())/max((int(entry) for entry in entries if entry.isdigit()), default=0))
> $total = 0
  for entry in entries:
      try:
          number = int(entry)
      except ValueError:
          continue
      if entry.isdigit():
          $total = @($total + number/max($total, number))
  return $total

integers_and_@(count/faults)_of_entries split_entries_and_@(count/list)_faults : entries:entries -> tuple[list[int], @(int/list[str])]
- a tuple of the list of the entries that are integers, as integers, and @(the number/the list) of the others
> numbers, faults = [], []
  for entry in entries:
      try:
          numbers.append(int(entry))
      except ValueError:
          faults.append(entry)
  return numbers, @(len(faults)/faults)

message_for_@(age/amount/percentage) check_@(age/amount/percentage) : entry:signed -> str
- "ok" if the entry is a number @(from 0 to 130/from 1 to 200/from 0 to 100), otherwise "too small" or "too large"
> number = int(entry)
  if number @(< 0/<= 0/< 0):
      return "too small"
  if number > @(130/200/100):
      return "too large"
  return "ok"

number_in_range_or_@(none/limit) : entry:maybe_signed low:small high:positive -> int | None
- the entry as an integer @(if it lies from low to high, otherwise None/limited to the range from low to high), and None if it is no integer
> try:
      number = int(entry)
  except ValueError:
      return None
  @(return number if low <= number <= high else None/return max(low, min(number, high)))

to_integer_or_@(zero/none) parse_integer_or_@(zero/none) : text:maybe_signed -> @(int/int | None)
- the text as an integer, or @(0/None) if it is none
> try:
      return int(text)
  except ValueError:
      return @(0/None)
> if not text.removeprefix("-").isdigit():
      return @(0/None)
  return int(text)

to_integer_or_default parse_integer_with_default : text:maybe_signed default:int -> int
- the text as an integer, or default if it is none
> try:
      return int(text)
  except ValueError:
      return default

count_@(valid/invalid)_entries number_of_@(valid/invalid)_entries : entries:entries -> int
- how many of the entries consist @(only of digits/not only of digits)
> return sum(1 for entry in entries if @(entry.isdigit()/not entry.isdigit()))
> $count = 0
  for entry in entries:
      if @(entry.isdigit()/not entry.isdigit()):
          $count += 1
  return $count

all_within_@(limit/limits) : L limit:natural -> bool
- ? every one of the $L @(is at most limit/lies from -limit to limit)
> return all(@($x <= limit/-limit <= $x <= limit) for $x in $L)
> for $x in $L:
      if @($x > limit/abs($x) > limit):
          return False
  return True

can_form_triangle are_sides_of_triangle : a+ b+ c+ -> bool
- ? $a, $b and $c can be the sides of a triangle, which means that each is less than the sum of the others
> return $a + $b > $c and $a + $c > $b and $b + $c > $a
> longest = max($a, $b, $c)
  return $a + $b + $c - longest > longest
> x, y, z = sorted([$a, $b, $c])
  return x + y > z

kind_of_triangle name_triangle : a+ b+ c+ -> str
- "equilateral" if the sides are all equal, "isosceles" if two are, and "scalene" otherwise
> if $a == $b == $c:
      return "equilateral"
  if $a == $b or $b == $c or $a == $c:
      return "isosceles"
  return "scalene"
> different = len({$a, $b, $c})
  return {1: "equilateral", 2: "isosceles", 3: "scalene"}[different]
""",
)
