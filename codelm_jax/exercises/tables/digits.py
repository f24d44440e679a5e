"""The digits of a number."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "digits",
    """
digits_@(reversed_list/as_list) list_digits_@(backwards/forwards) : n0 -> list[int]
- the list of the digits of $n, from the @(last to the first/first to the last)
> return [int(digit) for digit in @(reversed(str($n))/str($n))]
> $result = [int(digit) for digit in str($n)]
  return $result@([::-1]/)

@(sum/product)_of_$P_digits : n0 -> int
- the @(sum/product) of the digits of $n that $Ps; @(0/1) if there are none
> $total = @(0/1)
  for digit in str($n):
      if $P(int(digit)):
          $total @(+=/*=) int(digit)
  return $total
> $total = @(0/1)
  while $n > 0:
      digit = $n % 10
      if $P(digit):
          $total @(+=/*=) digit
      $n //= 10
  return $total

count_digit : n0 digit:small -> int
- how often the digit occurs in the decimal form of $n
> return str($n).count(str(digit))

@(largest/smallest)_digit : n0 -> int
- the @(largest/smallest) digit of $n
> return @(max/min)(int(digit) for digit in str($n))
> best = $n % 10
  while $n > 0:
      if $n % 10 @(>/<) best:
          best = $n % 10
      $n //= 10
  return best

sum_of_$Es_of_digits : n0 -> int
- the sum of $E(each digit) of $n
> return sum($E(d) for d in map(int, str($n)))
> $total = 0
  for digit in str($n):
      d = int(digit)
      $total += $E(d)
  return $total

@(first/last)_digit_$P : n0 -> bool
- ? the @(first/last) digit of $n $P
> digit = @(int(str($n)[0])/$n % 10)
  return $P(digit)

remove_last_@(digit/two_digits) : n0 -> int
- $n without its last @(digit/two digits); 0 if nothing is left
> return $n // @(10/100)

append_digit : n0 digit:small -> int
- the number written as the digits of $n followed by digit
> return $n * 10 + digit

reversed_digits : n0 -> int
- the number that has the digits of $n in reverse order
> return int(str($n)[::-1])
> $total = 0
  while $n > 0:
      $total = $total * 10 + $n % 10
      $n //= 10
  return $total

digits_@(ascending/descending) : n0 -> bool
- ? no digit of $n is @(smaller/larger) than the digit before it
> digits = str($n)
  return all(digits[i] @(<=/>=) digits[i + 1] for i in range(len(digits) - 1))
> previous = @("0"/"9")
  for digit in str($n):
      if digit @(</>) previous:
          return False
      previous = digit
  return True

@(all/any)_digits_$P : n0 -> bool
- ? @(every digit/at least one digit) of $n $P
> return @(all/any)($P(d) for d in map(int, str($n)))
> for digit in str($n):
      d = int(digit)
      if @($!P(d)/$P(d)):
          return @(False/True)
  return @(True/False)

digit_at : n0 index:index -> int | None
- the digit of $n at position index, counted from the right beginning with 0; 0 if $n is too short
> return $n // 10 ** index % 10
> for _ in range(index):
      $n //= 10
  return $n % 10
""",
)
