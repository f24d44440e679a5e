"""Grids walked in some order, and texts laid out in lines."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "drawing",
    """
count_live_neighbours neighbours_above_zero : G i:index j:index -> int
- how many of the up to eight cells around row i and column j of $G are positive; cells outside do not count
> $count = 0
  for r in range(i - 1, i + 2):
      for c in range(j - 1, j + 2):
          inside = 0 <= r < len($G) and 0 <= c < len($G[0])
          if inside and (r, c) != (i, j) and $G[r][c] > 0:
              $count += 1
  return $count

fill_area size_of_area : G i:index j:index -> int
- the number of cells of $G that can be reached from row i and column j over positive cells that share a side; 0 if that cell is outside or not positive
> waiting, seen = [(i, j)], set()
  while waiting:
      r, c = waiting.pop()
      if not (0 <= r < len($G) and 0 <= c < len($G[0])) or (r, c) in seen or $G[r][c] <= 0:
          continue
      seen.add((r, c))
      waiting += [(r + 1, c), (r - 1, c), (r, c + 1), (r, c - 1)]
  return len(seen)

spiral_order cells_in_spiral : G -> list[int]
- the list of the cells of $G in a spiral from the upper left, first to the right
> rows = [list($row) for $row in $G]
  $result = []
  while rows:
      $result += rows.pop(0)
      rows = [list(column) for column in zip(*rows)][::-1]
  return $result

snake_order cells_in_zigzag : G -> list[int]
- the list of the cells of $G, rows with even index from left to right, the others from right to left
> $result = []
  for i, $row in enumerate($G):
      $result.extend($row if i % 2 == 0 else $row[::-1])
  return $result
> return [$cell for i, $row in enumerate($G) for $cell in ($row if i % 2 == 0 else reversed($row))]

has_winning_@(row/column) any_@(row/column)_all_equal : G -> bool
- ? all cells of some @(row/column) of $G are equal
> return any(len(set(line)) == 1 for line in @($G/zip(*$G)))
> for line in @($G/zip(*$G)):
      if all($cell == line[0] for $cell in line):
          return True
  return False

cheapest_path_down smallest_path_sum : G -> int
- the smallest sum of cells on a way from the upper left to the lower right cell of $G that only leads right and down
> costs = {}
  for i, $row in enumerate($G):
      for j, $cell in enumerate($row):
          before = [costs[key] for key in ((i - 1, j), (i, j - 1)) if key in costs]
          costs[i, j] = $cell + min(before, default=0)
  return costs[len($G) - 1, len($G[0]) - 1]

saddle_cells row_minimum_and_column_maximum : G -> list[int]
- the list of the cells of $G that are the smallest of their row and the largest of their column
> columns = list(zip(*$G))
  $result = []
  for $row in $G:
      for j, $cell in enumerate($row):
          if $cell == min($row) and $cell == max(columns[j]):
              $result.append($cell)
  return $result

text_histogram bars_for : L -> list[str]
- a list with a bar of as many "#" as each of the $L says, an empty one for negative ones
> return ["#" * $x for $x in $L]
> bars = []
  for $x in $L:
      bars.append("#" * max($x, 0))
  return bars

stars_@(growing/shrinking) @(growing/shrinking)_rows_of_stars : n:small -> list[str]
- the list of n strings of stars, which @(grow from 1 to n/shrink from n to 1) stars
> return ["*" * i for i in range(@(1, n + 1/n, 0, -1))]
> rows = []
  for i in range(@(1, n + 1/n, 0, -1)):
      rows.append("*" * i)
  return rows

checkered_rows checkerboard : n:small -> list[str]
- the list of n strings of n characters each, in which "#" and "." take turns in rows and columns, beginning with "#"
> return ["".join("#."[(i + j) % 2] for j in range(n)) for i in range(n)]
> rows = []
  for i in range(n):
      row = ""
      for j in range(n):
          row += "#" if (i + j) % 2 == 0 else "."
      rows.append(row)
  return rows

boxed_text frame_around : s -> list[str]
- the list of three lines that draw a frame of "+", "-" and "|" around $s
> edge = "+" + "-" * len($s) + "+"
  return [edge, "|" + $s + "|", edge]

column_widths widest_in_columns : first:words second:words -> list[int]
- the list of the larger length of the strings at the same place in first and second, as far as both go
> return [max(len(a), len(b)) for a, b in zip(first, second)]
> widths = []
  for a, b in zip(first, second):
      widths.append(max(len(a), len(b)))
  return widths

wrap_words lines_of_at_most_$k : s -> list[str]
- the list of lines that result when the words of $s are put one after another and a new line begins where the line would get longer than $k characters
> lines = []
  for part in $s.split():
      if lines and len(lines[-1]) + 1 + len(part) <= $k:
          lines[-1] += " " + part
      else:
          lines.append(part)
  return lines
""",
)
