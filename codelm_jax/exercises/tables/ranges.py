"""Numbers from 1 to n, digits, divisors and sequences."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "ranges",
    """
sum_of_$Es_up_to sum_$Es : n0 -> int
- the sum of $E(i) for every i from 1 to $n
> return sum($E(i) for i in range(1, $n + 1))
> $total = 0
  for i in range(1, $n + 1):
      $total += $E(i)
  return $total
> $total = 0
  i = 1
  while i <= $n:
      $total += $E(i)
      i += 1
  return $total

list_of_$Es_@(below/up_to) $Es_@(below/up_to) : n0 -> list[int]
- the list of $E(i) for every i from @(0 to $n - 1/1 to $n)
> return [$E(i) for i in range(@($n/1, $n + 1))]
> $result = []
  for i in range(@($n/1, $n + 1)):
      $result.append($E(i))
  return $result

@(count/sum)_$P_up_to @(count/sum)_$P_to_limit : n0 -> int
- the @(number of integers/sum of the integers) from 1 to $n that $Ps
> return sum(@(1/i) for i in range(1, $n + 1) if $P(i))
> $total = 0
  for i in range(1, $n + 1):
      if $P(i):
          $total += @(1/i)
  return $total

numbers_up_to_$P list_$P_up_to : n0 -> list[int]
- the list of the integers from 1 to $n that $Ps
> return [i for i in range(1, $n + 1) if $P(i)]
> $result = []
  for i in range(1, $n + 1):
      if $P(i):
          $result.append(i)
  return $result

$Es_of_$P_up_to : n0 -> list[int]
- a list of $E(i) for every i from 1 to $n such that i $P
> return [$E(i) for i in range(1, $n + 1) if $P(i)]
> $result = []
  for i in range(1, $n + 1):
      if $P(i):
          $result.append($E(i))
  return $result

first_$j_$P : n -> list[int]
- the first $j integers greater than $n that $Ps, from at most 500 candidates
> $result = []
  for candidate in range($n + 1, $n + 501):
      if $P(candidate):
          $result.append(candidate)
      if len($result) == $j:
          break
  return $result

@(multiples/powers)_of_$k first_@(multiples/powers)_of_$k : n0 -> list[int]
- the first $n @(multiples of $k, beginning with $k/powers of $k, beginning with 1)
> return [@($k * (i + 1)/$k ** i) for i in range($n)]
> $result = []
  current = @($k/1)
  for _ in range($n):
      $result.append(current)
      current @(+=/*=) $k
  return $result

@(count_up/count_down)_by_$k : n0 -> list[int]
- the integers @(from 0 up to $n/from $n down to 0) in steps of $k
> return list(range(@(0, $n + 1, $k/$n, -1, -$k)))
> $result = []
  i = @(0/$n)
  while i @(<=/>=) @($n/0):
      $result.append(i)
      i @(+=/-=) $k
  return $result

arithmetic_sequence : start:int step:int n0 -> list[int]
- a list of $n numbers that begins with start, each number step more than the one before
> return [start + i * step for i in range($n)]
> $result = []
  for _ in range($n):
      $result.append(start)
      start += step
  return $result

geometric_sequence : start:int factor:size n:small -> list[int]
- a list of n numbers that begins with start, each number factor times the one before
> $result = []
  for _ in range(n):
      $result.append(start)
      start *= factor
  return $result

alternating_sum alternating_total : n0 -> int
- the value of 1 - 2 + 3 - 4 ... up to $n
> $total = 0
  for i in range(1, $n + 1):
      if i % 2 == 1:
          $total += i
      else:
          $total -= i
  return $total
> return sum(i if i % 2 else -i for i in range(1, $n + 1))

product_of_@(odd/even)_numbers : n:small -> int
- the product of the @(odd/even) numbers from 1 to n; 1 if there are none
> $total = 1
  for i in range(@(1/2), n + 1, 2):
      $total *= i
  return $total

divisors_that_$P divisors_$P : n+ -> list[int]
- the divisors of $n, in ascending order, that $Ps
> return [i for i in range(1, $n + 1) if $n % i == 0 and ($P(i))]
> $result = []
  for i in range(1, $n + 1):
      if $n % i == 0 and ($P(i)):
          $result.append(i)
  return $result

count_divisors_$P : n+ -> int
- how many divisors of $n $Ps
> $count = 0
  for i in range(1, $n + 1):
      if $n % i == 0 and ($P(i)):
          $count += 1
  return $count
> return sum(1 for i in range(1, $n + 1) if $n % i == 0 and ($P(i)))

sum_of_$Es_of_divisors : n+ -> int
- the sum of $E(each divisor) of $n
> return sum($E(i) for i in range(1, $n + 1) if $n % i == 0)
> $total = 0
  for i in range(1, $n + 1):
      if $n % i == 0:
          $total += $E(i)
  return $total

divisor_pairs : n+ -> list[tuple[int, int]]
- all pairs (i, j) of positive integers with i <= j whose product is $n
> return [(i, $n // i) for i in range(1, $n + 1) if $n % i == 0 and i * i <= $n]
> $result = []
  i = 1
  while i * i <= $n:
      if $n % i == 0:
          $result.append((i, $n // i))
      i += 1
  return $result

@(largest/smallest)_proper_divisor : n:positive -> int
- the @(largest divisor of n that is less than n/smallest divisor of n that is greater than 1); n itself if there is none
> for i in range(@(n - 1, 0, -1/2, n)):
      if n % i == 0:
          return i
  return n

grow_until_above_limit : n+ limit:positive -> list[int]
- the list that begins with $n and goes on with twice the last number plus $K, as long as that is not above limit
> $result = []
  while $n <= limit:
      $result.append($n)
      $n = 2 * $n + $K + 1
  return $result

halving_sequence : n+ -> list[int]
- the list of $n, half of it, half of that and so on (rounded down), ending with 1
> $result = [$n]
  while $n > 1:
      $n //= 2
      $result.append($n)
  return $result

iterate_$E apply_$E_repeatedly : start:int times:small -> int
- the number reached from start by replacing it times times, each time by $E(the number)
> for _ in range(times):
      start = $E(start)
  return start
> $total = start
  for _ in range(times):
      $total = $E($total)
  return $total

first_power_of_$k_above : n0 -> int
- the smallest power of $k that is greater than $n
> power = 1
  while power <= $n:
      power *= $k
  return power

sum_until_@(above/at_least) : limit:natural -> int
- the first of the sums 1, 1 + 2, 1 + 2 + 3, ... that is @(greater than/at least) limit
> $total = 0
  i = 0
  while $total @(<=/<) limit:
      i += 1
      $total += i
  return $total

terms_until_above : limit:natural -> int
- how many of the numbers 1, 2, 3, ... must be added until their sum is greater than limit
> $total = 0
  steps = 0
  while $total <= limit:
      steps += 1
      $total += steps
  return steps

fibonacci_like_with_@(sum/difference) : a b n:small -> int
- element n (from 0) of the sequence that begins with $a, $b, where every element is the @(sum of the two before it/one before it minus the one before that)
> for _ in range(n):
      $a, $b = $b, @($a + $b/$b - $a)
  return $a

count_pairs_with_sum pairs_up_to_with_sum : n0 target:natural -> int
- how many pairs of integers (i, j) with 1 <= i < j <= $n have the sum target
> $count = 0
  for i in range(1, $n + 1):
      for j in range(i + 1, $n + 1):
          if i + j == target:
              $count += 1
  return $count

@(squares/cubes)_up_to : limit:natural -> list[int]
- all @(squares/cubes) of positive integers that are not greater than limit
> $result = []
  i = 1
  while @(i * i/i ** 3) <= limit:
      $result.append(@(i * i/i ** 3))
      i += 1
  return $result

triangular_numbers : n0 -> list[int]
- the first $n of the numbers 1, 1 + 2, 1 + 2 + 3, ...
> return [i * (i + 1) // 2 for i in range(1, $n + 1)]
> $result = []
  $total = 0
  for i in range(1, $n + 1):
      $total += i
      $result.append($total)
  return $result

every_$k_replaced : n0 word:word -> list
- the numbers from 1 to $n, with each multiple of $k replaced by word
> return [word if i % $k == 0 else i for i in range(1, $n + 1)]
> $result = []
  for i in range(1, $n + 1):
      if i % $k == 0:
          $result.append(word)
      else:
          $result.append(i)
  return $result
""",
)
