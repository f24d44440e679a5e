"""Functions that call themselves (`RECURSE` is replaced by the function's own name)."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "recursion",
    """
recursive_sum_of_$Es sum_$Es_recursively : L -> int
- the sum of $EL, computed recursively
> if not $L:
      return 0
  $x = $L[0]
  return ($E) + RECURSE($L[1:])
> if len($L) == 0:
      return 0
  $x = $L[-1]
  return RECURSE($L[:-1]) + ($E)

recursive_count_$P count_$P_recursively : L -> int
- the number of $PL, computed recursively
> if not $L:
      return 0
  $x = $L[0]
  rest = RECURSE($L[1:])
  return rest + 1 if $P else rest

recursive_keep_$P keep_$P_recursively : L -> list[int]
- a list of the $PL, built recursively
> if not $L:
      return []
  $x = $L[0]
  if $P:
      return [$x] + RECURSE($L[1:])
  return RECURSE($L[1:])

recursive_map_$E $Es_recursively : L -> list[int]
- a list with $EL, built recursively
> if not $L:
      return []
  $x = $L[0]
  return [$E] + RECURSE($L[1:])

recursive_@(any/all)_$P : L -> bool
- ? @(at least one/every one) of the $L $P, checked recursively
> if not $L:
      return @(False/True)
  $x = $L[0]
  if @($P/$!P):
      return @(True/False)
  return RECURSE($L[1:])

recursive_@(largest/smallest) : L+ -> int
- the @(largest/smallest) of the $L, found recursively
> if len($L) == 1:
      return $L[0]
  rest = RECURSE($L[1:])
  return $L[0] if $L[0] @(>/<) rest else rest

recursive_sum_of_$Es_up_to : n0 -> int
- the sum of $E(i) for every i from 1 to $n, computed recursively
> if $n == 0:
      return 0
  return ($E($n)) + RECURSE($n - 1)

count_$P_up_to_recursively : n0 -> int
- how many integers from 1 to $n $Ps
> if $n == 0:
      return 0
  smaller = RECURSE($n - 1)
  return smaller + 1 if $P($n) else smaller

list_down_to_@(one/zero) : n0 -> list[int]
- the list of the integers from $n down to @(1/0), built recursively
> if $n == 0:
      return @([]/[0])
  return [$n] + RECURSE($n - 1)

recursive_digit_@(sum/product/count/max) : n0 -> int
- the @(sum of the digits/product of the digits/number of digits/largest digit) of $n, computed recursively
> if $n < 10:
      return @($n/$n/1/$n)
  return @($n % 10 + RECURSE($n // 10)/$n % 10 * RECURSE($n // 10)/1 + RECURSE($n // 10)/max($n % 10, RECURSE($n // 10)))

recursive_count_digit : n0 digit:small -> int
- how often the digit occurs in $n, counted recursively
> here = 1 if $n % 10 == digit else 0
  if $n < 10:
      return here
  return here + RECURSE($n // 10, digit)

recursive_@(power/multiple) : base:int n:small -> int
- base @(raised to the power of n/times n), computed recursively
> if n == 0:
      return @(1/0)
  return base @(*/+) RECURSE(base, n - 1)

recursive_count_$C count_$C_recursively : s -> int
- the number of $Cs in $s, counted recursively
> if not $s:
      return 0
  $c = $s[0]
  rest = RECURSE($s[1:])
  return rest + 1 if $C else rest

recursive_remove_$C remove_$C_recursively : s -> str
- $s without all $Cs, built recursively
> if $s == "":
      return ""
  $c = $s[0]
  if $C:
      return RECURSE($s[1:])
  return $c + RECURSE($s[1:])

recursive_@(reverse/double) text_@(reversed/doubled)_recursively : s -> str
- $s with @(its characters in reverse order/each character twice), built recursively
> if not $s:
      return ""
  return @(RECURSE($s[1:]) + $s[0]/$s[0] * 2 + RECURSE($s[1:]))

recursive_reversed_list : A -> list
- the $A in reverse order, built recursively
> if not $A:
      return []
  return RECURSE($A[1:]) + [$A[0]]

recursive_contains : A target:item -> bool
- ? target is one of the $A, checked recursively
> if not $A:
      return False
  if $A[0] == target:
      return True
  return RECURSE($A[1:], target)

recursive_count : A target:item -> int
- how often target occurs in the list, counted recursively
> if not $A:
      return 0
  rest = RECURSE($A[1:], target)
  return rest + 1 if $A[0] == target else rest

recursive_@(length/double_length) : A -> int
- @(the number/twice the number) of $A, computed recursively
> if not $A:
      return 0
  return @(1/2) + RECURSE($A[1:])

recursive_alternating_sum : L -> int
- the first of the $L minus the second plus the third and so on, computed recursively
> if not $L:
      return 0
  return $L[0] - RECURSE($L[1:])

recursive_@(ascending/descending) : L -> bool
- ? each of the $L is at @(least/most) as large as the one before, checked recursively
> if len($L) < 2:
      return True
  if $L[0] @(>/<) $L[1]:
      return False
  return RECURSE($L[1:])

recursive_halvings : n+ -> int
- how often $n can be divided by 2 without a remainder, counted recursively
> if $n % 2 == 1:
      return 0
  return 1 + RECURSE($n // 2)

recursive_sequence_@(doubling/adding) : n:small -> int
- element n of the sequence that begins with $K and in which each element is @(twice the one before, plus $k/the one before plus $k)
> if n == 0:
      return $K
  return @(2 * RECURSE(n - 1) + $k/RECURSE(n - 1) + $k)

recursive_sum_of_@(products/larger_ones) : L M -> int
- the sum of the @(products/larger ones) of the items of $L and $M at the same index, computed recursively
> if not $L or not $M:
      return 0
  return @($L[0] * $M[0]/max($L[0], $M[0])) + RECURSE($L[1:], $M[1:])

@(binary/ternary)_digits_recursively : n0 -> str
- the digits of $n in base @(2/3), as a string, built recursively
> if $n < @(2/3):
      return str($n)
  return RECURSE($n // @(2/3)) + str($n % @(2/3))

count_$Q_recursively : W -> int
- the number of $QW, counted recursively
> if not $W:
      return 0
  $w = $W[0]
  rest = RECURSE($W[1:])
  return rest + 1 if $Q else rest
""",
)
