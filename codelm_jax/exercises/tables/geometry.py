"""Points and intervals."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "geometry",
    """
@(x/y)_coordinates list_@(x/y)_coordinates : points:points -> list[int]
- the list of the @(x/y) coordinates of the points
> return [@(x for x, _/y for _, y) in points]
> $result = []
  for point in points:
      $result.append(point[@(0/1)])
  return $result
> return [point[@(0/1)] for point in points]

@(leftmost/rightmost/lowest/highest)_point find_@(leftmost/rightmost/lowest/highest)_point : points:points -> tuple[int, int]
- the point with the @(smallest x/largest x/smallest y/largest y); of several the first
> return @(min/max/min/max)(points, key=lambda point: point[@(0/0/1/1)])
> best = points[0]
  for point in points[1:]:
      if point[@(0/0/1/1)] @(</>/</>) best[@(0/0/1/1)]:
          best = point
  return best

@(closest/farthest)_to_origin point_@(closest_to/farthest_from)_origin : points:points -> tuple[int, int]
- the point that is @(closest to/farthest from) (0, 0); of several the first
> return @(min/max)(points, key=lambda point: point[0] ** 2 + point[1] ** 2)
> best = points[0]
  for x, y in points:
      if x * x + y * y @(</>) best[0] * best[0] + best[1] * best[1]:
          best = (x, y)
  return best
> return @(min/max)(points, key=lambda point: math.hypot(*point))

bounding_box box_around_points : points:points -> tuple[int, int, int, int]
- a tuple of the smallest x, the smallest y, the largest x and the largest y of the points
> xs = [x for x, _ in points]
  ys = [y for _, y in points]
  return min(xs), min(ys), max(xs), max(ys)
> xs, ys = zip(*points)
  return min(xs), min(ys), max(xs), max(ys)

@(width/height)_of_points : points:points -> int
- the difference of the largest and the smallest @(x/y) of the points
> numbers = [point[@(0/1)] for point in points]
  return max(numbers) - min(numbers)

center_of_points mean_point : points:points -> tuple[float, float]
- a tuple of the mean x and the mean y of the points
> xs, ys = zip(*points)
  return sum(xs) / len(xs), sum(ys) / len(ys)
> total_x = total_y = 0
  for x, y in points:
      total_x += x
      total_y += y
  return total_x / len(points), total_y / len(points)

moved_points shift_points : points:points dx:int dy:int -> list[tuple[int, int]]
- the list of the points moved by dx and dy
> return [(x + dx, y + dy) for x, y in points]
> $result = []
  for x, y in points:
      $result.append((x + dx, y + dy))
  return $result

@(mirrored/swapped/turned)_points @(mirror/swap/turn)_points : points:points -> list[tuple[int, int]]
- the list of the points @(mirrored at the y axis/with x and y swapped/turned by 180 degrees about (0, 0))
> return [@((-x, y)/(y, x)/(-x, -y)) for x, y in points]

points_in_@(first/third)_quadrant count_in_@(first/third)_quadrant : points:points -> int
- how many of the points have a @(positive x and a positive y/negative x and a negative y)
> return sum(1 for x, y in points if x @(>/<) 0 and y @(>/<) 0)
> $count = 0
  for x, y in points:
      if x @(>/<) 0 and y @(>/<) 0:
          $count += 1
  return $count

count_points_within points_in_radius : points:points radius:natural -> int
- how many of the points have a distance of at most radius from (0, 0)
> return sum(1 for x, y in points if x * x + y * y <= radius * radius)
> return sum(math.dist((0, 0), point) <= radius for point in points)

@(path_steps/total_moves)_along_points : points:points -> int
- the sum of the distances from each of the points to the next, where one moves along the axes only@(/, and back from the last to the first)
> $total = 0
  for (x1, y1), (x2, y2) in zip(points, points[1:]@(/ + points[:1])):
      $total += abs(x1 - x2) + abs(y1 - y2)
  return $total

on_one_@(row/column) points_on_@(horizontal/vertical)_line : points:points -> bool
- ? all points have the same @(y/x)
> return len({@(y for _, y/x for x, _) in points}) == 1
> return all(point[@(1/0)] == points[0][@(1/0)] for point in points)

points_sorted_by_@(sum/y/distance) order_points_by_@(sum/y/distance) : points:points -> list[tuple[int, int]]
- the points in the order of their @(sums of x and y/y/distances from (0, 0)), equal ones in their original order
> return sorted(points, key=lambda point: @(point[0] + point[1]/point[1]/point[0] ** 2 + point[1] ** 2))

@(lengths/middles)_of_intervals interval_@(lengths/middles) : intervals:intervals -> list[@(int/float)]
- the list of the @(lengths/middles) of the intervals
> return [@(end - start/(start + end) / 2) for start, end in intervals]
> $result = []
  for start, end in intervals:
      $result.append(@(end - start/(start + end) / 2))
  return $result

@(longest/shortest)_interval find_@(longest/shortest)_interval : intervals:intervals -> tuple[int, int] | None
- the @(longest/shortest) of the intervals, the first of several, or None if there are none
> return @(max/min)(intervals, key=lambda interval: interval[1] - interval[0], default=None)
> best = None
  for start, end in intervals:
      if best is None or end - start @(>/<) best[1] - best[0]:
          best = (start, end)
  return best

merge_intervals union_of_intervals : intervals:intervals -> list[tuple[int, int]]
- the sorted list of intervals that cover the same as the given ones, where those that touch or overlap became one
> merged = []
  for start, end in sorted(intervals):
      if merged and start <= merged[-1][1]:
          merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
      else:
          merged.append((start, end))
  return merged

covered_length length_of_union : intervals:intervals -> int
- the length of what the intervals cover together, overlaps counted once
> $total = 0
  reached = None
  for start, end in sorted(intervals):
      if reached is None or start > reached:
          reached = start
      if end > reached:
          $total += end - reached
          reached = end
  return $total

@(any/count)_overlapping_intervals : intervals:intervals -> @(bool/int)
- @(? any two of the intervals have more than an end in common/the number of pairs of intervals that have more than an end in common)
> pairs = itertools.combinations(intervals, 2)
  return @(any/sum)(max(a, c) < min(b, d) for (a, b), (c, d) in pairs)
> $count = 0
  for i, (a, b) in enumerate(intervals):
      for c, d in intervals[i + 1:]:
          if max(a, c) < min(b, d):
              $count += 1
  return $count@( > 0/)

intervals_with point_in_intervals : intervals:intervals number:natural -> int
- how many of the intervals contain number, their ends included
> return sum(1 for start, end in intervals if start <= number <= end)
> $count = 0
  for start, end in intervals:
      if start <= number <= end:
          $count += 1
  return $count

gaps_between free_intervals : intervals:intervals -> list[tuple[int, int]]
- the sorted list of the gaps (end, start) between intervals, where none of them covers anything
> gaps = []
  reached = None
  for start, end in sorted(intervals):
      if reached is not None and start > reached:
          gaps.append((reached, start))
      reached = end if reached is None else max(reached, end)
  return gaps

common_part intersection_of_intervals : intervals:intervals -> tuple[int, int] | None
- the interval that all of the intervals have in common, or None if there is none or no interval is given
> if not intervals:
      return None
  start = max(first for first, _ in intervals)
  end = min(last for _, last in intervals)
  return (start, end) if start <= end else None

most_at_once largest_number_of_open_intervals : intervals:intervals -> int
- the largest number of intervals that contain one and the same start, their ends excluded
> most = 0
  for moment, _ in intervals:
      at_once = sum(1 for start, end in intervals if start <= moment < end)
      most = max(most, at_once)
  return most

interval_@(shifted/widened) @(shift/widen)_intervals : intervals:intervals by:natural -> list[tuple[int, int]]
- the intervals @(moved up by the given number/made longer by the given number at both ends)
> return [(start @(+/-) by, end + by) for start, end in intervals]
""",
)
