"""Two or three numbers."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "pairs",
    """
@(sum/difference/product)_of_$Es : a b -> int
- the @(sum/difference/product) of $E($a) and $E($b)
> return ($E($a)) @(+/-/*) ($E($b))
> first_value = $E($a)
  second_value = $E($b)
  return first_value @(+/-/*) second_value

$E_of_@(sum/difference/product) : a b -> int
- $E(the @(sum/difference/product) of $a and $b)
> $total = $a @(+/-/*) $b
  return $E($total)
> value_of_both = $a @(+/-/*) $b
  return $E(value_of_both)

$E_of_first_@(plus/minus/times)_second : a b -> int
- $E($a) @(plus/minus/times) $b
> return ($E($a)) @(+/-/*) $b
> $total = $E($a)
  return $total @(+/-/*) $b
> $total = $E($a)
  $total @(+=/-=/*=) $b
  return $total

first_@(plus/minus/times)_$E_of_second : a b -> int
- $a @(plus/minus/times) $E($b)
> return $a @(+/-/*) ($E($b))
> $total = $E($b)
  return $a @(+/-/*) $total

@(larger/smaller)_of_$Es : a b -> int
- the @(larger/smaller) of $E($a) and $E($b)
> return @(max/min)($E($a), $E($b))
> first_value = $E($a)
  second_value = $E($b)
  if first_value @(>/<) second_value:
      return first_value
  return second_value

one_with_@(larger/smaller)_$E : a b -> int
- whichever of $a and $b has the @(larger/smaller) result for this rule: $E(the number); $a if both are equal
> if $E($b) @(>/<) $E($a):
      return $b
  return $a

@(max/min)_minus_@(min/max) : a b -> int
- the @(larger/smaller) of $a and $b minus the @(smaller/larger) one
> return @(max/min)($a, $b) - @(min/max)($a, $b)
> if $a @(>/<) $b:
      return $a - $b
  return $b - $a

$E_of_@(larger/smaller) : a b -> int
- $E(the @(larger/smaller) of $a and $b)
> best = @(max/min)($a, $b)
  return $E(best)
> if $a @(>/<) $b:
      return $E($a)
  return $E($b)

is_@(greater/less/at_least/at_most) first_is_@(greater/less/at_least/at_most) : a b -> bool
- ? $a is @(greater than/less than/at least/at most) $b
> return $a @(>/</>=/<=) $b
> if $a @(>/</>=/<=) $b:
      return True
  return False

@(both/either)_$P : a b -> bool
- ? @(both $a and $b $Ps/at least one of $a and $b $P)
> return ($P($a)) @(and/or) ($P($b))

neither_$P : a b -> bool
- ? neither $a nor $b $P
> return not ($P($a)) and not ($P($b))
> if $P($a) or $P($b):
      return False
  return True

only_@(first/second)_$P : a b -> bool
- ? $@(a/b) $P, but the same is not true of $@(b/a)
> return ($P($@(a/b))) and not ($P($@(b/a)))
> if $P($@(b/a)):
      return False
  return $P($@(a/b))

exactly_one_$P : a b -> bool
- ? exactly one of $a and $b $P
> return ($P($a)) != ($P($b))
> if $P($a):
      return not ($P($b))
  return $P($b)

@(sum/difference/product)_$P : a b -> bool
- ? the @(sum/difference/product) of $a and $b $P
> $total = $a @(+/-/*) $b
  return $P($total)
> return $P(($a @(+/-/*) $b))

@(first/second)_if_$P : a b -> int
- $@(a/b) if it $P, otherwise $@(b/a)
> if $P($@(a/b)):
      return $@(a/b)
  return $@(b/a)
> return $@(a/b) if $P($@(a/b)) else $@(b/a)

@(add/subtract)_or_@(subtract/add)_if_$P : a b -> int
- $a @(plus/minus) $b if $a $P, otherwise $a @(minus/plus) $b
> if $P($a):
      return $a @(+/-) $b
  return $a @(-/+) $b
> return $a @(+/-) $b if $P($a) else $a @(-/+) $b

sum_of_those_$P add_those_$P : a b -> int
- the sum of those of $a and $b that $Ps
> $total = 0
  if $P($a):
      $total += $a
  if $P($b):
      $total += $b
  return $total

count_$P_of_two : a b -> int
- how many of $a and $b $Ps
> return int($P($a)) + int($P($b))
> $count = 0
  if $P($a):
      $count += 1
  if $P($b):
      $count += 1
  return $count

$a_times_$b_plus_$K scaled_sum_plus_$K : a b -> int
- the product of $a and $b, plus $K
> return $a * $b + $K
> $total = $a * $b
  return $total + $K

weighted_sum_$j_$k : a b -> int
- $j times $a plus $k times $b
> return $j * $a + $k * $b

same_last_digit : a b -> bool
- ? $a and $b have the same last digit
> return abs($a) % 10 == abs($b) % 10

same_remainder_by_$k : a b -> bool
- ? $a and $b leave the same remainder when divided by $k
> return $a % $k == $b % $k
> return ($a - $b) % $k == 0

@(same/opposite)_signs : a b -> bool
- ? $a and $b have @(the same sign/opposite signs) (zero has none, so the answer is False then)
> return $a * $b @(>/<) 0

differ_by_@(less_than/at_least)_$k : a b -> bool
- ? $a and $b differ by @(less than/at least) $k
> return abs($a - $b) @(</>=) $k
> difference = $a - $b
  if difference < 0:
      difference = -difference
  return difference @(</>=) $k

quotient_and_remainder : a b+ -> tuple[int, int]
- the whole quotient of $a and $b and the remainder, as a tuple
> return $a // $b, $a % $b
> return divmod($a, $b)

divide_or_@(none/zero) safe_divide_or_@(none/zero) : a b -> @(float | None/float)
- $a divided by $b, or @(None/0) if $b is zero
> if $b == 0:
      return @(None/0)
  return $a / $b
> return $a / $b if $b != 0 else @(None/0)

is_proper_multiple : a b+ -> bool
- ? $a is a multiple of $b and not equal to it
> return $a % $b == 0 and $a != $b

is_$k_times : a b -> bool
- ? $a is exactly $k times $b
> return $a == $k * $b

in_@(ascending/descending)_order sorted_@(ascending/descending)_pair : a b -> tuple[int, int]
- a tuple of $a and $b, the @(smaller/larger) one first
> if $a @(<=/>=) $b:
      return $a, $b
  return $b, $a
> return (@(min/max)($a, $b), @(max/min)($a, $b))

swapped swap_pair : a b -> tuple[int, int]
- a tuple of $b and $a, in this order
> return $b, $a

sum_and_@(difference/product) : a b -> tuple[int, int]
- a tuple with the sum and the @(difference/product) of $a and $b
> return $a + $b, $a @(-/*) $b
> total_of_both = $a + $b
  other_value = $a @(-/*) $b
  return total_of_both, other_value

integers_@(from_to/up_to_excluding) : a b -> list[int]
- the list of the integers from $a to $b, with $b @(included/excluded)
> return list(range($a, $b@( + 1/)))
> $result = []
  while $a @(<=/<) $b:
      $result.append($a)
      $a += 1
  return $result

count_strictly_between : a b -> int
- how many integers lie strictly between $a and $b; 0 if there are none
> return max(0, $b - $a - 1)
> $count = 0
  for _ in range($a + 1, $b):
      $count += 1
  return $count

sum_@(between/from_to) : a b -> int
- the sum of the integers @(strictly between $a and $b/from $a to $b)
> return sum(range($a@( + 1/), $b@(/ + 1)))
> $total = 0
  for i in range($a@( + 1/), $b@(/ + 1)):
      $total += i
  return $total

common_multiple_of : a+ b+ -> int
- the smallest positive number that is divisible by both $a and $b
> multiple = $a
  while multiple % $b != 0:
      multiple += $a
  return multiple

count_common_divisors : a+ b+ -> int
- how many positive integers divide both $a and $b
> return sum(1 for i in range(1, min($a, $b) + 1) if $a % i == 0 and $b % i == 0)
> $count = 0
  for i in range(1, min($a, $b) + 1):
      if $a % i == 0 and $b % i == 0:
          $count += 1
  return $count

have_common_divisor : a+ b+ -> bool
- ? some integer greater than 1 divides both $a and $b
> for i in range(2, min($a, $b) + 1):
      if $a % i == 0 and $b % i == 0:
          return True
  return False
> return any($a % i == 0 and $b % i == 0 for i in range(2, min($a, $b) + 1))

multiply_by_adding : a b:natural -> int
- the product of $a and b, by adding $a b times
> $total = 0
  for _ in range(b):
      $total += $a
  return $total

@(largest/smallest)_@(minus_smallest/minus_largest)_of_three : a b c -> int
- the @(largest/smallest) of $a, $b and $c minus the @(smallest/largest) of them
> return @(max/min)($a, $b, $c) - @(min/max)($a, $b, $c)

middle_of_three : a b c -> int
- the one of $a, $b and $c that is neither the largest nor the smallest
> return sorted([$a, $b, $c])[1]
> return $a + $b + $c - max($a, $b, $c) - min($a, $b, $c)

$E_of_@(sum/product)_of_three : a b c -> int
- $E(the @(sum/product) of $a, $b and $c)
> $total = $a @(+/*) $b @(+/*) $c
  return $E($total)

@(sum/product)_of_three_$Es : a b c -> int
- the @(sum/product) of $E($a), $E($b) and $E($c)
> return ($E($a)) @(+/*) ($E($b)) @(+/*) ($E($c))

@(sum_times/difference_times/product_plus/product_minus) : a b c -> int
- the @(sum/difference/product/product) of $a and $b, @(times/times/plus/minus) $c
> $total = $a @(+/-/*/*) $b
  return $total @(*/*/+/-) $c

sum_of_two_@(largest/smallest) : a b c -> int
- the sum of the two @(largest/smallest) of $a, $b and $c
> return $a + $b + $c - @(min/max)($a, $b, $c)
> ordered = sorted([$a, $b, $c])
  return ordered[@(1/0)] + ordered[@(2/1)]

are_strictly_@(ascending/descending) three_@(increasing/decreasing) : a b c -> bool
- ? $a, $b and $c are in strictly @(ascending/descending) order
> return $a @(</>) $b @(</>) $c
> return $a @(</>) $b and $b @(</>) $c

are_@(ascending/descending) in_@(ascending/descending)_order_of_three : a b c -> bool
- ? $a, $b and $c are in @(ascending/descending) order, where equal neighbours are allowed
> return $a @(<=/>=) $b @(<=/>=) $c

all_three_@(equal/different) : a b c -> bool
- ? $a, $b and $c are all @(equal/different from each other)
> return $a @(==/!=) $b @(==/!=) $c@(/ and $a != $c)

count_$P_of_three : a b c -> int
- how many of $a, $b and $c $Ps
> $count = 0
  for number_of_three in ($a, $b, $c):
      if $P(number_of_three):
          $count += 1
  return $count

second_closer_to_@(first/third) : a b c -> bool
- ? $b is closer to @($a than to $c/$c than to $a)
> return abs($b - $@(a/c)) < abs($b - $@(c/a))

one_is_sum_of_others : a b c -> bool
- ? one of $a, $b and $c is the sum of the other two
> return $a + $b == $c or $a + $c == $b or $b + $c == $a

distance_to_interval : n low:natural high:positive -> int
- how far $n is outside the range from low to high, or 0 if it is inside
> if $n < low:
      return low - $n
  if $n > high:
      return $n - high
  return 0
""",
)
