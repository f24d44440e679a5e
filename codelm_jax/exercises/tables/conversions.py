"""Names, paths, colours and other strings, converted from one form into another."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "conversions",
    """
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
  for $c in name:
      $result += "@(_/-)" + $c.lower() if $c.isupper() else $c
  return $result
> return "".join("@(_/-)" + $c.lower() if $c.isupper() else $c for $c in name)
> return re.sub("([A-Z])", r"@(_/-)\\1", name).lower()

words_of_camel_case split_camel_case : name:camel -> list[str]
- the list of the words, in lower case, of which a name in camelCase consists
> parts = [""]
  for $c in name:
      if $c.isupper():
          parts.append("")
      parts[-1] += $c.lower()
  return parts
> return re.sub("([A-Z])", r" \\1", name).lower().split()

count_words_of_@(snake/camel)_name : name:@(snake/camel) -> int
- the number of words in a name in @(snake_case/camelCase)
> return @(len(name.split("_"))/1 + sum(1 for $c in name if $c.isupper()))
> $count = 1
  for $c in name:
      if $c@( == "_"/.isupper()):
          $count += 1
  return $count

@(name/parent)_of_path path_@(name/parent) : path:path -> str
- the part of the path @(after/before) its last slash; @(all of it/an empty string) if there is none
> return path.rpartition("/")[@(2/0)]
> parts = path.split("/")
  return @(parts[-1]/path[:-len(parts[-1]) - 1] if len(parts) > 1 else "")

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

join_parts_with_@(dashes/dots) : W -> str
- the $W joined by @(dashes/dots), without empty ones
> return "@(-/.)".join($w for $w in $W if $w)

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
  for $c in $s + " ":
      if $c.isdigit():
          group += $c
      elif group:
          $result.append(int(group))
          group = ""
  return $result

@(letters/digits)_only_@(lower/text) : s -> str
- $s with nothing but its @(letters, in lower case/digits)
> return re.sub("[^@(a-z/0-9)]", "", $s@(.lower()/))
> return "".join($c for $c in $s@(.lower()/) if "@(a/0)" <= $c <= "@(z/9)")

tokenize_letters_and_digits split_letters_and_digits : s -> list[str]
- the list of the longest groups of letters and of digits in $s, in their order
> return re.findall("[a-zA-Z]+|[0-9]+", $s)

make_identifier text_to_identifier : s -> str
- $s in lower case with each group of other characters than letters and digits replaced by "_", and none at its ends
> return re.sub("[^a-z0-9]+", "_", $s.lower()).strip("_")
> $result = ""
  for $c in $s.lower():
      if $c.isalnum():
          $result += $c
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
