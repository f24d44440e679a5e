"""Lists of rows of integers."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "grids",
    """
count_$P_in_$G count_$P_cells : G -> int
- how many numbers in $G $Ps
> return sum(1 for $row in $G for $cell in $row if $P)
> $count = 0
  for $row in $G:
      for $cell in $row:
          if $P:
              $count += 1
  return $count

sum_of_$P_in_$G sum_$P_cells : G -> int
- the sum of those numbers in $G that $Ps
> return sum($cell for $row in $G for $cell in $row if $P)
> $total = 0
  for $row in $G:
      for $cell in $row:
          if $P:
              $total += $cell
  return $total

list_$P_in_$G collect_$P : G -> list[int]
- a flat list of those numbers in $G that $Ps
> return [$cell for $row in $G for $cell in $row if $P]
> $result = []
  for $row in $G:
      for $cell in $row:
          if $P:
              $result.append($cell)
  return $result

$E_of_each_cell map_$E : G -> list[list[int]]
- a copy of $G in which each number is replaced by $E(it)
> return [[$E for $cell in $row] for $row in $G]
> $result = []
  for $row in $G:
      new_row = []
      for $cell in $row:
          new_row.append($E)
      $result.append(new_row)
  return $result

$E_of_$P_cells : G -> list[list[int]]
- a copy of $G in which each number that $P is replaced by $E(it)
> return [[$E if $P else $cell for $cell in $row] for $row in $G]
> $result = []
  for $row in $G:
      $result.append([$E if $P else $cell for $cell in $row])
  return $result

sum_of_$Es_in_$G : G -> int
- the sum of $E(each number) in $G
> return sum($E for $row in $G for $cell in $row)
> $total = 0
  for $row in $G:
      for $cell in $row:
          $total += $E
  return $total

row_@(sums/maxima/minima/lengths) each_row_@(sum/max/min/length) : G -> list[int]
- a list of the @(sum/largest number/smallest number/length) of each row of $G
> return [@(sum/max/min/len)($row) for $row in $G]
> $result = []
  for $row in $G:
      $result.append(@(sum/max/min/len)($row))
  return $result
> return list(map(@(sum/max/min/len), $G))

column_@(sums/maxima/minima) each_column_@(sum/max/min) : G -> list[int]
- a list of the @(sum/largest number/smallest number) of each column of $G
> return [@(sum/max/min)(column) for column in zip(*$G)]
> $result = []
  for i in range(len($G[0])):
      $result.append(@(sum/max/min)($row[i] for $row in $G))
  return $result

@(any/all)_cells_$P : G -> bool
- ? @(at least one number/every number) in $G $P
> return @(any/all)($P for $row in $G for $cell in $row)
> for $row in $G:
      for $cell in $row:
          if @($P/$!P):
              return @(True/False)
  return @(False/True)

rows_with_@(any/only)_$P : G -> list[list[int]]
- the rows of $G in which @(at least one number/every number) $P
> return [$row for $row in $G if @(any/all)($P for $cell in $row)]
> $result = []
  for $row in $G:
      if @(any/all)($P for $cell in $row):
          $result.append($row)
  return $result

count_$P_per_row : G -> list[int]
- a list that says for each row of $G how many of its numbers $Ps
> return [sum(1 for $cell in $row if $P) for $row in $G]
> $result = []
  for $row in $G:
      $count = 0
      for $cell in $row:
          if $P:
              $count += 1
      $result.append($count)
  return $result

index_of_row_with_@(largest/smallest)_sum : G -> int
- the index of the first row of $G with the @(largest/smallest) sum
> sums = [sum($row) for $row in $G]
  return sums.index(@(max/min)(sums))
> best = 0
  for i in range(1, len($G)):
      if sum($G[i]) @(>/<) sum($G[best]):
          best = i
  return best

rows_sorted_by_@(sum/first/last/maximum) : G -> list[list[int]]
- the rows of $G sorted by their @(sum/first number/last number/largest number)
> return sorted($G, key=@(sum/lambda $row: $row[0]/lambda $row: $row[-1]/max))

@(first/last)_column : G -> list[int]
- the @(first/last) column of $G as a list
> return [$row[@(0/-1)] for $row in $G]
> $result = []
  for $row in $G:
      $result.append($row[@(0/-1)])
  return $result

@(first/last)_row : G -> list[int]
- a copy of the @(first/last) row of $G
> return list($G[@(0/-1)])
> return $G[@(0/-1)][:]

reverse_@(rows/each_row/both) flip_@(vertically/horizontally/both_ways) : G -> list[list[int]]
- a copy of $G with @(the order of the rows reversed/each row reversed/the order of the rows and each row reversed)
> return [@($row[:]/$row[::-1]/$row[::-1]) for $row in @($G[::-1]/$G/$G[::-1])]
> $result = []
  for $row in @(reversed($G)/$G/reversed($G)):
      $result.append(list(@($row/reversed($row)/reversed($row))))
  return $result

flat_list flatten_rows : G -> list[int]
- all numbers in $G as one list, row by row
> return [$cell for $row in $G for $cell in $row]
> $result = []
  for $row in $G:
      $result.extend($row)
  return $result

column_by_column : G -> list[int]
- all numbers in $G as one list, column by column
> return [$cell for column in zip(*$G) for $cell in column]
> $result = []
  for i in range(len($G[0])):
      for $row in $G:
          $result.append($row[i])
  return $result

transposed swap_rows_and_columns : G -> list[list[int]]
- $G with rows and columns exchanged
> return [list(column) for column in zip(*$G)]
> $result = []
  for i in range(len($G[0])):
      $result.append([$row[i] for $row in $G])
  return $result

turn_@(clockwise/counterclockwise) : G -> list[list[int]]
- $G turned by 90 degrees @(clockwise/counterclockwise)
> return @([list(column) for column in zip(*$G[::-1])]/[list(column) for column in zip(*$G)][::-1])

outer_@(rows/columns)_sum : G -> int
- the sum of the numbers in the @(first and the last row/first and the last column) of $G; one that is both counts twice
> return @(sum($G[0]) + sum($G[-1])/sum($row[0] + $row[-1] for $row in $G))

diagonal_@(sum/product) : G -> int
- the @(sum/product) of the numbers on the main diagonal of $G, as far as it goes
> $total = @(0/1)
  for i in range(min(len($G), len($G[0]))):
      $total @(+=/*=) $G[i][i]
  return $total

add_@(row/column)_numbers : G -> list[list[int]]
- a copy of $G with the index of its @(row/column) added to each number
> return [[$cell + @(i/j) for j, $cell in enumerate($row)] for i, $row in enumerate($G)]
> $result = []
  for i, $row in enumerate($G):
      $result.append([])
      for j, $cell in enumerate($row):
          $result[-1].append($cell + @(i/j))
  return $result

position_of_first_$P : G -> tuple[int, int] | None
- the indexes of row and column of the first number in $G that $P, or None if there is none
> for i, $row in enumerate($G):
      for j, $cell in enumerate($row):
          if $P:
              return i, j
  return None

make_grid : height:size width:size value:int -> list[list[int]]
- a list of height rows, each with width times the value
> return [[value] * width for _ in range(height)]
> $result = []
  for _ in range(height):
      $result.append([value] * width)
  return $result

table_of_@(sums/products/differences) : height:size width:size -> list[list[int]]
- a list of height rows of width numbers, where the number in row i and column j, counted from 0, is i @(plus/times/minus) j
> return [[i @(+/*/-) j for j in range(width)] for i in range(height)]
> $result = []
  for i in range(height):
      numbers = []
      for j in range(width):
          numbers.append(i @(+/*/-) j)
      $result.append(numbers)
  return $result

count_cells number_of_cells : G -> int
- how many numbers all rows of $G have together
> return sum(len($row) for $row in $G)
> $count = 0
  for $row in $G:
      $count += len($row)
  return $count

@(largest/smallest)_cell : G -> int
- the @(largest/smallest) number in $G
> return @(max/min)(@(max/min)($row) for $row in $G)
> best = $G[0][0]
  for $row in $G:
      for $cell in $row:
          if $cell @(>/<) best:
              best = $cell
  return best
""",
)
