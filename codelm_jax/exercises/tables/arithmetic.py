"""Number theory, rounding and geometry."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "arithmetic",
    """
@(greatest_divisor/least_multiple)_of_list : numbers:some_positives -> int
- the @(greatest common divisor/least common multiple) of the numbers
> return math.@(gcd/lcm)(*numbers)
> $result = numbers[0]
  for number in numbers[1:]:
      $result = @(math.gcd($result, number)/$result * number // math.gcd($result, number))
  return $result
> return reduce(@(math.gcd/math.lcm), numbers)

are_coprime have_no_common_divisor : a+ b+ -> bool
- ? $a and $b have no common divisor but 1
> return math.gcd($a, $b) == 1
> for divisor in range(2, min($a, $b) + 1):
      if $a % divisor == 0 and $b % divisor == 0:
          return False
  return True

reduced_fraction shorten_fraction : a+ b+ -> tuple[int, int]
- the fraction $a / $b in lowest terms, as a tuple of numerator and denominator
> divisor = math.gcd($a, $b)
  return $a // divisor, $b // divisor

add_fractions sum_of_unit_fractions : a+ b+ -> tuple[int, int]
- the sum of 1 / $a and 1 / $b in lowest terms, as a tuple of numerator and denominator
> numerator, denominator = $a + $b, $a * $b
  divisor = math.gcd(numerator, denominator)
  return numerator // divisor, denominator // divisor

integer_@(root/cube_root) floor_@(root/cube_root) : n0 -> int
- the largest integer whose @(square/cube) is at most $n
> root = 0
  while (root + 1) ** @(2/3) <= $n:
      root += 1
  return root

is_perfect_@(square/cube) : n0 -> bool
- ? $n is the @(square/cube) of an integer
> root = round($n ** (1 / @(2/3)))
  return root ** @(2/3) == $n
> i = 0
  while i ** @(2/3) < $n:
      i += 1
  return i ** @(2/3) == $n

prime_factors_@(with_repeats/distinct) : n+ -> list[int]
- the list of the prime factors of $n in ascending order, @(each as often as it divides $n/each once)
> factors = []
  divisor = 2
  while $n > 1:
      if $n % divisor == 0:
          factors.append(divisor)
          @($n //= divisor/while $n % divisor == 0:
              $n //= divisor)
      else:
          divisor += 1
  return factors

@(largest/smallest)_prime_factor : n+ -> int | None
- the @(largest/smallest) prime number that divides $n, or None for 1
> found = None
  divisor = 2
  rest = $n
  while rest > 1:
      if rest % divisor == 0:
          found = @(divisor/divisor if found is None else found)
          rest //= divisor
      else:
          divisor += 1
  return found

primes_@(below/up_to) list_primes_@(below/up_to) : n0 -> list[int]
- the list of the prime numbers @(below $n/up to $n)
> return [i for i in range(2, $n@(/ + 1)) if all(i % divisor for divisor in range(2, math.isqrt(i) + 1))]
> sieve = [True] * ($n@(/ + 1))
  primes = []
  for i in range(2, len(sieve)):
      if sieve[i]:
          primes.append(i)
          for multiple in range(i * i, len(sieve), i):
              sieve[multiple] = False
  return primes

sum_of_prime_factors : n+ -> int
- the sum of the prime factors of $n, each as often as it divides $n
> $total = 0
  divisor = 2
  while $n > 1:
      while $n % divisor == 0:
          $total += divisor
          $n //= divisor
      divisor += 1
  return $total

next_prime prime_after : n0 -> int
- the smallest prime number greater than $n
> candidate = max($n, 1) + 1
  while any(candidate % divisor == 0 for divisor in range(2, math.isqrt(candidate) + 1)):
      candidate += 1
  return candidate

count_prime_numbers_between primes_in_range : a+ b+ -> int
- how many prime numbers there are from $a to $b
> $count = 0
  for number in range(max($a, 2), $b + 1):
      if all(number % divisor for divisor in range(2, math.isqrt(number) + 1)):
          $count += 1
  return $count

is_@(perfect/abundant/deficient)_number : n+ -> bool
- ? the sum of the divisors of $n that are less than $n is @(equal to/greater than/less than) $n
> return sum(d for d in range(1, $n) if $n % d == 0) @(==/>/<) $n
> $total = 0
  for divisor in range(1, $n):
      if $n % divisor == 0:
          $total += divisor
  return $total @(==/>/<) $n

collatz_@(steps/largest) : n+ -> int
- @(the number of steps until 1 is reached/the largest number that is reached) from $n, when an even number is halved and an odd number becomes three times itself plus one
> @($count = 0/largest = $n)
  while $n != 1:
      $n = $n // 2 if $n % 2 == 0 else 3 * $n + 1
      @($count += 1/largest = max(largest, $n))
  return @($count/largest)

digit_root repeated_digit_sum : n0 -> int
- what is left of $n when it is replaced by the sum of its digits until it has one digit
> while $n > 9:
      $n = sum(int(digit) for digit in str($n))
  return $n
> return $n if $n < 10 else RECURSE(sum(map(int, str($n))))

digit_@(sum/product)_steps times_to_@(add/multiply)_digits : n0 -> int
- how often $n must be replaced by the @(sum/product) of its digits until it has one digit
> $count = 0
  while $n > 9:
      $n = @(sum/math.prod)(int(digit) for digit in str($n))
      $count += 1
  return $count

sum_of_digit_@(squares/cubes) : n0 -> int
- the sum of the @(squares/cubes) of the digits of $n
> return sum(int(digit) ** @(2/3) for digit in str($n))
> $total = 0
  while $n:
      $n, digit = divmod($n, 10)
      $total += digit ** @(2/3)
  return $total

is_sum_of_digit_@(squares/cubes)_multiple : n+ -> bool
- ? the sum of the @(squares/cubes) of the digits of $n is divisible by $k
> return sum(int(digit) ** @(2/3) for digit in str($n)) % $k == 0

digits_divide_number divisible_by_its_digits : n+ -> bool
- ? $n is divisible by each of its digits that is not 0
> return all($n % int(digit) == 0 for digit in str($n) if digit != "0")
> rest = $n
  while rest:
      digit = rest % 10
      if digit and $n % digit:
          return False
      rest //= 10
  return True

divisible_by_digit_@(sum/product_plus_one) : n+ -> bool
- ? $n is divisible by @(the sum/1 plus the product) of its digits
> digits = [int(digit) for digit in str($n)]
  return $n % @(sum(digits)/(1 + math.prod(digits))) == 0

count_@(set/unset)_bits number_of_binary_@(ones/zeros) : n+ -> int
- the number of @(ones/zeros) in the binary form of $n
> return bin($n)[2:].count("@(1/0)")
> $count = 0
  while $n:
      $count += @($n % 2/1 - $n % 2)
      $n //= 2
  return $count

@(highest/lowest)_set_bit value_of_@(highest/lowest)_bit : n+ -> int
- the largest power of two that @(is at most/divides) $n
> power = 1
  while @(2 * power <= $n/$n % (2 * power) == 0):
      power *= 2
  return power

bit_at is_bit_set : n0 place:small -> bool
- ? the binary digit of $n at the given place, counted from 0 at the right, is 1
> return ($n >> place) % 2 == 1
> return $n // 2 ** place % 2 == 1

@(and/or/xor)_of_numbers bitwise_@(and/or/xor) : numbers:some_positives -> int
- the bitwise @("and"/"or"/"exclusive or") of the numbers
> $result = numbers[0]
  for number in numbers[1:]:
      $result @(&=/|=/^=) number
  return $result
> return reduce(lambda one, other: one @(&/|/^) other, numbers)

power_with_modulus_$k power_modulo_$k : a+ b:small -> int
- $a to the power of b, modulo $k
> return pow($a, b, $k)
> $result = 1
  for _ in range(b):
      $result = $result * $a % $k
  return $result % $k

fast_power power_by_squaring : a exponent:small -> int
- $a to the power of exponent, computed by squaring
> $result, base = 1, $a
  while exponent:
      if exponent % 2:
          $result *= base
      base *= base
      exponent //= 2
  return $result

@(rising/falling)_product product_@(from/down_from) : a+ count:small -> int
- the product of count integers that begins with $a and @(rises/falls) by 1 each time
> return math.prod($a @(+/-) i for i in range(count))
> product = 1
  for i in range(count):
      product *= $a @(+/-) i
  return product

sum_of_@(factorials/powers_of_two)_up_to : n:small -> int
- the sum of @(the factorials of the integers/2 to the power of each integer) from 0 to n
> return sum(@(math.factorial(i)/2 ** i) for i in range(n + 1))
> $total, term = 0, 1
  for i in range(n + 1):
      $total += term
      term *= @(i + 1/2)
  return $total

@(count_combinations/count_arrangements) ways_to_@(choose/arrange) : n:natural k:small -> int
- in how many ways k of n things can be chosen, @(in any order/where the order counts)
> return math.@(comb/perm)(n, k)
> ways = 1
  for i in range(k):
      ways = ways * (n - i)@( // (i + 1)/)
  return max(ways, 0)

harmonic_sum sum_of_reciprocals : n:small -> float
- the sum of 1 / i for each i from 1 to n, rounded to three digits
> return round(sum(1 / i for i in range(1, n + 1)), 3)
> $total = 0.0
  for i in range(1, n + 1):
      $total += 1 / i
  return round($total, 3)

circle_@(area/circumference) @(area/circumference)_of_circle : radius:positive -> float
- the @(area/circumference) of a circle with the given radius, rounded to two digits
> return round(@(math.pi * radius ** 2/2 * math.pi * radius), 2)

length_of_diagonal diagonal_of_rectangle : width:positive height:positive -> float
- the length of the diagonal of a rectangle, rounded to two digits
> return round(math.hypot(width, height), 2)
> return round(math.sqrt(width * width + height * height), 2)

distance_between_points point_distance : x1:int y1:int x2:int y2:int -> float
- the distance from (x1, y1) to (x2, y2), rounded to two digits
> return round(math.dist((x1, y1), (x2, y2)), 2)
> return round(math.sqrt((x1 - x2) ** 2 + (y1 - y2) ** 2), 2)

compound_interest grown_amount : amount:positive percent:small years:small -> float
- the amount after the given number of years in which it grew by percent per cent each, rounded to two digits
> return round(amount * (1 + percent / 100) ** years, 2)
> $total = float(amount)
  for _ in range(years):
      $total *= 1 + percent / 100
  return round($total, 2)
""",
)
