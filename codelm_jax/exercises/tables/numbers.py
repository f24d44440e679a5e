"""One integer: terms, predicates, branches."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "numbers",
    """
$E $E_of : n -> int
- $E($n)
> return $E
> result = $E
  return result

$E_of_$F : n -> int
- $E($F($n))
> $total = $F
  return $E($total)
> inner = $F
  return $E(inner)

sum_of_$E_and_$F add_$E_and_$F : n -> int
- the sum of $E($n) and $F($n)
> return ($E) + ($F)
> first = $E
  second = $F
  return first + second
> $total = $E
  $total += $F
  return $total

$E_less_$F : n -> int
- $E($n) minus $F($n)
> return ($E) - ($F)
> first = $E
  second = $F
  return first - second

@(larger/smaller)_of_$E_and_$F : n -> int
- the @(larger/smaller) of $E($n) and $F($n)
> return @(max/min)($E, $F)
> first = $E
  second = $F
  if first @(>/<) second:
      return first
  return second

is_$P check_$P : n -> bool
- ? $n $P
> return $P
> if $P:
      return True
  return False
> if $!P:
      return False
  return True

is_$P_@(and/or)_$R : n -> bool
- ? $n $P @(and/or) $R
> return ($P) @(and/or) ($R)

is_$P_but_not_$R : n -> bool
- ? $n $P, but it is not true that it $R
> return ($P) and not ($R)
> if $R:
      return False
  return $P

neither_$P_nor_$R : n -> bool
- ? neither of these holds: $n $P; $n $R
> return not ($P) and not ($R)
> return not (($P) or ($R))
> if $P:
      return False
  if $R:
      return False
  return True

exactly_one_of_$P_and_$R : n -> bool
- ? exactly one of these holds: $n $P; $n $R
> return ($P) != ($R)
> first = $P
  second = $R
  return first != second

$E_is_$P : n -> bool
- ? $E($n) $P
> $total = $E
  return $P($total)
> $total = $E
  if $P($total):
      return True
  return False

$E_if_$P : n -> int
- $E($n) if $n $P, otherwise $n itself
> if $P:
      return $E
  return $n
> return $E if $P else $n
> if $!P:
      return $n
  return $E

$E_if_$P_else_$F : n -> int
- $E($n) if $n $P, and $F($n) otherwise
> if $P:
      return $E
  return $F
> return $E if $P else $F
> if $P:
      result = $E
  else:
      result = $F
  return result

$E_if_$P_else_zero : n -> int
- $E($n) if $n $P, otherwise 0
> return $E if $P else 0
> if $P:
      return $E
  return 0
> if $!P:
      return 0
  return $E

$E_if_$P_else_none : n -> int | None
- $E($n) if $n $P, otherwise None
> if $P:
      return $E
  return None
> return $E if $P else None

next_$P next_number_that_$P : n+ -> int
- the smallest number greater than $n that $P, searching at most 1000 numbers; None if there is none
> for candidate in range($n + 1, $n + 1001):
      if $P(candidate):
          return candidate
  return None

sign_name describe_sign : n -> str
- "positive", "negative" or "zero", whichever describes $n
> if $n > 0:
      return "positive"
  if $n < 0:
      return "negative"
  return "zero"
> if $n == 0:
      return "zero"
  return "positive" if $n > 0 else "negative"

parity_name even_or_odd_name : n -> str
- the word "even" or "odd", whichever describes $n
> return "even" if $n % 2 == 0 else "odd"
> if $n % 2 == 0:
      return "even"
  return "odd"

sign sign_of : n -> int
- 1 if $n is positive, -1 if it is negative, and 0 if it is zero
> if $n > 0:
      return 1
  if $n < 0:
      return -1
  return 0
> return ($n > 0) - ($n < 0)

label_$P : n -> str
- the string "yes" if $n $P, otherwise "no"
> return "yes" if $P else "no"
> if $P:
      return "yes"
  return "no"

classify_$P_$R : n -> str
- "first" if $n $P, else "second" if it $R, else "none"
> if $P:
      return "first"
  if $R:
      return "second"
  return "none"
> if $P:
      label = "first"
  elif $R:
      label = "second"
  else:
      label = "none"
  return label

indicator_$P : n -> int
- 1 if $n $P, otherwise 0
> return 1 if $P else 0
> return int($P)
> if $P:
      return 1
  return 0

clamp_to_$K : n -> int
- $n, but not more than $K
- $n, limited to at most $K
> return min($n, $K)
> if $n > $K:
      return $K
  return $n

at_least_$K : n -> int
- $n, but not less than $K
- $n, raised to at least $K
> return max($n, $K)
> if $n < $K:
      return $K
  return $n

clamp : n low:int high:int -> int
- $n limited to the range from low to high
> if $n < low:
      return low
  if $n > high:
      return high
  return $n

is_@(inside/outside)_range : n low:natural high:positive -> bool
- ? $n lies @(between low and high, both included/below low or above high)
> return @(/not )(low <= $n <= high)
> @(if $n < low or $n > high:/if low <= $n <= high:)
      return False
  return True

is_strictly_between : n low:natural high:positive -> bool
- ? $n lies between low and high, with neither of them included
> return low < $n < high
> return $n > low and $n < high

round_down_to_$k : n0 -> int
- $n rounded down to a multiple of $k
> return $n // $k * $k
> return $n - $n % $k

round_up_to_$k : n0 -> int
- $n rounded up to a multiple of $k
> return ($n + $k - 1) // $k * $k
> remainder = $n % $k
  if remainder == 0:
      return $n
  return $n + $k - remainder

next_multiple_of_$k : n0 -> int
- the smallest multiple of $k that is greater than $n
> return ($n // $k + 1) * $k
> multiple = $k
  while multiple <= $n:
      multiple += $k
  return multiple

previous_multiple_of_$k : n+ -> int
- the largest multiple of $k that is less than $n
> return ($n - 1) // $k * $k

steps_of_$k_to_reach : n0 -> int
- how many times $k must be added to 0 to reach or pass $n
> steps = 0
  reached = 0
  while reached < $n:
      reached += $k
      steps += 1
  return steps
> return -(-$n // $k)

times_divisible_by_$k : n+ -> int
- how many times $n can be divided by $k without a remainder
> $count = 0
  while $n % $k == 0:
      $n //= $k
      $count += 1
  return $count

without_factor_$k : n+ -> int
- $n divided by $k as often as that leaves no remainder
> while $n % $k == 0:
      $n //= $k
  return $n

halvings_until_one : n+ -> int
- how many times $n can be halved, rounding down, before it is 1
> steps = 0
  while $n > 1:
      $n //= 2
      steps += 1
  return steps

doublings_to_reach : n+ limit:positive -> int
- how many times $n must be doubled to be at least limit
> steps = 0
  while $n < limit:
      $n *= 2
      steps += 1
  return steps

growth_steps_by_$k : n+ limit:positive -> int
- how many times $k must be added to $n until it is at least limit
> steps = 0
  while $n < limit:
      $n += $k
      steps += 1
  return steps

subtract_until_below_$k : n0 -> int
- what is left of $n after subtracting $k as long as at least $k is left
> while $n >= $k:
      $n -= $k
  return $n
> return $n % $k

is_multiple_of_@(both/either) : n a+ b+ -> bool
- ? $n is divisible by @(both $a and $b/$a or by $b)
> return $n % $a == 0 @(and/or) $n % $b == 0

is_power_of_$k : n+ -> bool
- ? $n is a power of $k (1 counts as one)
> while $n % $k == 0:
      $n //= $k
  return $n == 1
> power = 1
  while power < $n:
      power *= $k
  return power == $n

largest_power_of_$k_up_to : n+ -> int
- the largest power of $k that is not greater than $n
> power = 1
  while power * $k <= $n:
      power *= $k
  return power

hours_and_minutes minutes_to_time : n0 -> tuple[int, int]
- the hours and the remaining minutes in $n minutes, as a tuple
> return divmod($n, 60)
> hours = $n // 60
  minutes = $n % 60
  return hours, minutes
""",
)
