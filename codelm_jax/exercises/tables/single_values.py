"""Operations on single values, a line each, its fields separated by ` | `; `operations` reads them.

Predicates: name, code, negation, and either `adjective` (with `before` if it goes before the noun) and the adjective, or
`verb` and its forms for one and for several values. Terms: name, plural of the name, code, wording for one and for several
values. Characters: name, noun, plural, code, negation.
"""

PARITIES = """
even | {v} % 2 == 0 | {v} % 2 != 0 | adjective before | even
odd | {v} % 2 == 1 | {v} % 2 == 0 | adjective before | odd
odd | {v} % 2 != 0 | {v} % 2 == 0 | adjective before | odd
divisible_by_{k} | {v} % {k} == 0 | {v} % {k} != 0 | adjective | divisible by {k}
multiple_of_{k} | {v} % {k} == 0 | {v} % {k} != 0 | verb | is a multiple of {k} | are multiples of {k}
not_divisible_by_{k} | {v} % {k} != 0 | {v} % {k} == 0 | adjective | not divisible by {k}
"""

SIZES = """
positive | {v} > 0 | {v} <= 0 | adjective before | positive
negative | {v} < 0 | {v} >= 0 | adjective before | negative
greater_than_{K} | {v} > {K} | {v} <= {K} | adjective | greater than {K}
above_{K} | {v} > {K} | {v} <= {K} | adjective | above {K}
less_than_{K} | {v} < {K} | {v} >= {K} | adjective | less than {K}
below_{K} | {v} < {K} | {v} >= {K} | adjective | below {K}
smaller_than_{K} | {v} < {K} | {v} >= {K} | adjective | smaller than {K}
at_least_{K} | {v} >= {K} | {v} < {K} | verb | is at least {K} | are at least {K}
at_most_{K} | {v} <= {K} | {v} > {K} | verb | is at most {K} | are at most {K}
between_{K}_and_{H} | {K} <= {v} <= {H} | not {K} <= {v} <= {H} | adjective | in the range {K} to {H} (inclusive)
"""

OTHER_PREDICATES = """
nonzero | {v} != 0 | {v} == 0 | adjective before | nonzero
non_negative | {v} >= 0 | {v} < 0 | adjective before | non-negative
two_digit | 10 <= {v} <= 99 | not 10 <= {v} <= 99 | adjective before | two-digit
single_digit | 0 <= {v} <= 9 | not 0 <= {v} <= 9 | adjective before | single-digit
ending_in_{d} | abs({v}) % 10 == {d} | abs({v}) % 10 != {d} | verb | ends in {d} | end in {d}
remainder_{r}_mod_{k} | {v} % {k} == {r} | {v} % {k} != {r} | verb | leaves a remainder of {r} when divided by {k} | leave a remainder of {r} when divided by {k}
equal_to_{K} | {v} == {K} | {v} != {K} | adjective | equal to {K}
other_than_{K} | {v} != {K} | {v} == {K} | verb | is not equal to {K} | are not equal to {K}
closer_than_{k}_to_{K} | abs({v} - {K}) < {k} | abs({v} - {K}) >= {k} | verb | differs from {K} by less than {k} | differ from {K} by less than {k}
square_above_{K} | {v} * {v} > {K} | {v} * {v} <= {K} | verb | has a square above {K} | have squares above {K}
"""

TERMS = """
square | squares | {v} * {v} | the square of {} | the squares of {}
square | squares | {v} ** 2 | the square of {} | the squares of {}
cube | cubes | {v} ** 3 | the cube of {} | the cubes of {}
double | doubles | 2 * {v} | twice {} | the doubles of {}
double | doubled | {v} * 2 | {} doubled | the doubles of {}
times_{k} | times_{k} | {k} * {v} | {k} times {} | the results of multiplying {} by {k}
times_{k} | times_{k} | {v} * {k} | {} multiplied by {k} | the products of {k} and each of {}
half | halves | {v} // 2 | half of {} (rounded down) | the halves of {} (rounded down)
floor_div_{k} | floor_div_{k} | {v} // {k} | {} divided by {k} (rounded down) | the results of dividing {} by {k} (rounded down)
plus_{k} | plus_{k} | {v} + {k} | {} plus {k} | the results of adding {k} to {}
increased_by_{k} | increased_by_{k} | {v} + {k} | {} increased by {k} | the results of increasing {} by {k}
minus_{k} | minus_{k} | {v} - {k} | {} minus {k} | the results of subtracting {k} from {}
subtracted_from_{K} | subtracted_from_{K} | {K} - {v} | {K} minus {} | the results of subtracting {} from {K}
negative | negatives | -{v} | the negative of {} | the negatives of {}
absolute | absolute_values | abs({v}) | the absolute value of {} | the absolute values of {}
mod_{k} | mod_{k} | {v} % {k} | {} modulo {k} | the values modulo {k} of {}
remainder_by_{k} | remainders_by_{k} | {v} % {k} | the remainder of {} divided by {k} | the remainders of dividing {} by {k}
last_digit | last_digits | abs({v}) % 10 | the last digit of {} | the last digits of {}
distance_to_{K} | distances_to_{K} | abs({v} - {K}) | the distance from {} to {K} | the distances from {} to {K}
square_plus_{k} | squares_plus_{k} | {v} * {v} + {k} | {k} more than the square of {} | the results of adding {k} to the squares of {}
double_plus_{k} | doubles_plus_{k} | 2 * {v} + {k} | {k} more than twice {} | the results of adding {k} to the doubles of {}
double_minus_{k} | doubles_minus_{k} | 2 * {v} - {k} | {k} less than twice {} | the results of subtracting {k} from the doubles of {}
max_with_{K} | max_with_{K} | max({v}, {K}) | the larger of {} and {K} | the results of raising {} to at least {K}
min_with_{K} | min_with_{K} | min({v}, {K}) | the smaller of {} and {K} | the results of limiting {} to at most {K}
digit_count | digit_counts | len(str(abs({v}))) | the number of digits of {} | the digit counts of {}
times_itself_minus_one | times_previous | {v} * ({v} - 1) | the product of {} and its predecessor | the products of {} and their predecessors
times_next | times_next | {v} * ({v} + 1) | the product of {} and its successor | the products of {} and their successors
"""

WORD_PREDICATES = """
starting_with_{ch} | {v}.startswith("{ch}") | not {v}.startswith("{ch}") | verb | starts with '{ch}' | start with '{ch}'
ending_with_{ch} | {v}.endswith("{ch}") | not {v}.endswith("{ch}") | verb | ends with '{ch}' | end with '{ch}'
containing_{ch} | "{ch}" in {v} | "{ch}" not in {v} | verb | contains '{ch}' | contain '{ch}'
without_{ch} | "{ch}" not in {v} | "{ch}" in {v} | verb | does not contain '{ch}' | do not contain '{ch}'
longer_than_{j} | len({v}) > {j} | len({v}) <= {j} | adjective | longer than {j} characters
shorter_than_{k} | len({v}) < {k} | len({v}) >= {k} | adjective | shorter than {k} characters
of_length_{k} | len({v}) == {k} | len({v}) != {k} | verb | has exactly {k} characters | have exactly {k} characters
with_at_least_{k}_characters | len({v}) >= {k} | len({v}) < {k} | verb | has at least {k} characters | have at least {k} characters
with_at_most_{k}_characters | len({v}) <= {k} | len({v}) > {k} | verb | has at most {k} characters | have at most {k} characters
uppercase | {v}.isupper() | not {v}.isupper() | verb | is in upper case | are in upper case
lowercase | {v}.islower() | not {v}.islower() | verb | is in lower case | are in lower case
numeric | {v}.isdigit() | not {v}.isdigit() | verb | consists only of digits | consist only of digits
alphabetic | {v}.isalpha() | not {v}.isalpha() | verb | consists only of letters | consist only of letters
capitalized | {v}[:1].isupper() | not {v}[:1].isupper() | verb | starts with a capital letter | start with a capital letter
starting_with_vowel | {v}.startswith(("a", "e", "i", "o", "u")) | not {v}.startswith(("a", "e", "i", "o", "u")) | verb | starts with a lowercase vowel | start with a lowercase vowel
nonempty | {v} != "" | {v} == "" | adjective before | non-empty
of_even_length | len({v}) % 2 == 0 | len({v}) % 2 != 0 | verb | has an even number of characters | have an even number of characters
of_odd_length | len({v}) % 2 == 1 | len({v}) % 2 == 0 | verb | has an odd number of characters | have an odd number of characters
with_equal_ends | {v}[:1] == {v}[-1:] | {v}[:1] != {v}[-1:] | verb | starts and ends with the same character | start and end with the same character
with_digit | any(c.isdigit() for c in {v}) | not any(c.isdigit() for c in {v}) | verb | contains a digit | contain a digit
with_repeated_{ch} | {v}.count("{ch}") > 1 | {v}.count("{ch}") <= 1 | verb | contains '{ch}' more than once | contain '{ch}' more than once
"""

WORD_TERMS = """
upper | uppercase | {v}.upper() | {} in upper case | the uppercase forms of {}
lower | lowercase | {v}.lower() | {} in lower case | the lowercase forms of {}
stripped | stripped | {v}.strip() | {} without spaces at either end | the results of removing spaces at both ends of {}
capitalized | capitalized | {v}.capitalize() | {} with only its first letter capitalized | the capitalized forms of {}
reversed | reversed | {v}[::-1] | {} reversed | the reversed forms of {}
first_{j}_of | first_{j}_of | {v}[:{j}] | the first {j} characters of {} | the first {j} characters of each of {}
last_{j}_of | last_{j}_of | {v}[-{j}:] | the last {j} characters of {} | the last {j} characters of each of {}
doubled | doubled | {v} * 2 | {} repeated twice | the results of repeating each of {} twice
doubled | doubled | {v} + {v} | {} followed by itself | the results of joining each of {} with itself
with_exclamation | with_exclamation | {v} + "!" | {} followed by an exclamation mark | the results of adding an exclamation mark to each of {}
with_hash | with_hash | "#" + {v} | {} with a '#' in front | the results of putting a '#' before each of {}
with_suffix_{ch} | with_suffix_{ch} | {v} + "{ch}" | {} with '{ch}' added at the end | the results of adding '{ch}' at the end of each of {}
with_prefix_{ch} | with_prefix_{ch} | "{ch}" + {v} | {} with '{ch}' added at the front | the results of adding '{ch}' at the front of each of {}
replacing_{ch}_by_{ch2} | replacing_{ch}_by_{ch2} | {v}.replace("{ch}", "{ch2}") | {} with every '{ch}' replaced by '{ch2}' | the results of replacing every '{ch}' by '{ch2}' in each of {}
without_{ch} | without_{ch} | {v}.replace("{ch}", "") | {} with every '{ch}' removed | the results of removing every '{ch}' from each of {}
swapcase | swapcase | {v}.swapcase() | {} with upper and lower case swapped | the results of swapping upper and lower case in each of {}
in_parentheses | in_parentheses | "(" + {v} + ")" | {} in parentheses | the results of putting each of {} in parentheses
in_brackets | in_brackets | f"[{{{v}}}]" | {} in square brackets | the results of putting each of {} in square brackets
in_quotes | in_quotes | f"'{{{v}}}'" | {} in single quotes | the results of putting each of {} in single quotes
sorted_letters | sorted_letters | "".join(sorted({v})) | the characters of {} in sorted order | the results of sorting the characters of each of {}
without_first | without_first | {v}[1:] | {} without its first character | the results of removing the first character of each of {}
without_last | without_last | {v}[:-1] | {} without its last character | the results of removing the last character of each of {}
every_second_of | every_second_of | {v}[::2] | every second character of {} | the results of keeping every second character of each of {}
padded_to_{k} | padded_to_{k} | {v}.ljust({k}, ".") | {} padded with dots on the right to {k} characters | the results of padding each of {} with dots on the right to {k} characters
"""

WORD_MEASURES = """
length | lengths | len({v}) | the length of {} | the lengths of {}
count_of_{ch} | counts_of_{ch} | {v}.count("{ch}") | the number of times '{ch}' occurs in {} | the numbers of times '{ch}' occurs in each of {}
distinct_characters | distinct_characters | len(set({v})) | the number of distinct characters in {} | the numbers of distinct characters in each of {}
digit_count | digit_counts | sum(c.isdigit() for c in {v}) | the number of digits in {} | the numbers of digits in each of {}
vowel_count | vowel_counts | sum(c in "aeiou" for c in {v}) | the number of lowercase vowels in {} | the numbers of lowercase vowels in each of {}
uppercase_count | uppercase_counts | sum(c.isupper() for c in {v}) | the number of uppercase letters in {} | the numbers of uppercase letters in each of {}
double_length | double_lengths | 2 * len({v}) | twice the length of {} | the doubled lengths of {}
"""

CHARACTERS = """
digit | digit | digits | {v}.isdigit() | not {v}.isdigit()
letter | letter | letters | {v}.isalpha() | not {v}.isalpha()
uppercase | uppercase letter | uppercase letters | {v}.isupper() | not {v}.isupper()
lowercase | lowercase letter | lowercase letters | {v}.islower() | not {v}.islower()
alphanumeric | letter or digit | letters and digits | {v}.isalnum() | not {v}.isalnum()
space | space | spaces | {v} == " " | {v} != " "
comma | comma | commas | {v} == "," | {v} != ","
hyphen | hyphen | hyphens | {v} == "-" | {v} != "-"
underscore | underscore | underscores | {v} == "_" | {v} != "_"
non_space | character that is not a space | characters that are not spaces | {v} != " " | {v} == " "
letter_{ch} | letter {ch} | letters {ch} | {v} == "{ch}" | {v} != "{ch}"
a_to_{ch} | letter from a to {ch} | letters from a to {ch} | "a" <= {v} <= "{ch}" | not "a" <= {v} <= "{ch}"
vowel | lowercase vowel | lowercase vowels | {v} in "aeiou" | {v} not in "aeiou"
vowel | vowel (in either case) | vowels (in either case) | {v} in "aeiouAEIOU" | {v} not in "aeiouAEIOU"
punctuation | punctuation mark (one of .,;:!?) | punctuation marks (.,;:!?) | {v} in ".,;:!?" | {v} not in ".,;:!?"
even_digit | even digit | even digits | {v} in "02468" | {v} not in "02468"
odd_digit | odd digit | odd digits | {v} in "13579" | {v} not in "13579"
bracket | bracket | brackets | {v} in "()[]{{}}" | {v} not in "()[]{{}}"
hex_digit | hexadecimal digit (0-9, a-f) | hexadecimal digits (0-9, a-f) | {v} in "0123456789abcdef" | {v} not in "0123456789abcdef"
binary_digit | binary digit | binary digits | {v} in "01" | {v} not in "01"
{ch}_or_{ch2} | letter {ch} or {ch2} | letters {ch} and {ch2} | {v} in "{ch}{ch2}" | {v} not in "{ch}{ch2}"
"""

CHARACTER_TERMS = """
upper | uppercase | {v}.upper() | {} in upper case | the uppercase forms of {}
lower | lowercase | {v}.lower() | {} in lower case | the lowercase forms of {}
doubled | doubled | {v} * 2 | {} twice | the results of doubling each of {}
with_dash | with_dash | {v} + "-" | {} followed by a dash | the results of adding a dash to each of {}
next | next | chr(ord({v}) + 1) | the character after {} in Unicode order | the characters after each of {} in Unicode order
as_code | as_codes | str(ord({v})) | the character code of {} | the character codes of {}
in_brackets | in_brackets | "[" + {v} + "]" | {} in square brackets | the results of putting each of {} in square brackets
"""
