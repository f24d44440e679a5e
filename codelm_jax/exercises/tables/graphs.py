"""Graphs and nested lists."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "graphs",
    """
neighbours_of direct_neighbours : graph:graph node:word -> list[str]
- the sorted list of the neighbours of node, which is empty if it is not in the graph
> return sorted(graph.get(node, []))
> if node not in graph:
      return []
  return sorted(graph[node])

count_edges number_of_edges : graph:graph -> int
- the number of entries in all lists of neighbours of the graph
> return sum(len(others) for others in graph.values())
> $count = 0
  for node in graph:
      $count += len(graph[node])
  return $count

nodes_with_@(most/no)_neighbours : graph:graph -> list[str]
- the sorted list of the nodes of the graph that have @(most/no) neighbours
> @(most = max(map(len, graph.values()), default=0)
  /)return sorted(node for node, others in graph.items() if @(len(others) == most/not others))
> $result = []
  for node in sorted(graph):
      if @(all(len(graph[node]) >= len(others) for others in graph.values())/len(graph[node]) == 0):
          $result.append(node)
  return $result

has_edge are_linked : graph:graph first:char second:char -> bool
- ? second is a neighbour of first in the graph
> return second in graph.get(first, [])
> return first in graph and second in graph[first]

count_@(incoming/outgoing)_edges : graph:graph node:char -> int
- how @(often node is a neighbour of a node/many neighbours node has in the graph; 0 if it is not a node)
> return @(sum(others.count(node) for others in graph.values())/len(graph.get(node, [])))

reachable_from nodes_reachable_from : graph:graph start:char -> list[str]
- the sorted list of the nodes that can be reached from start along the edges of the graph, start included
> seen = {start}
  waiting = [start]
  while waiting:
      node = waiting.pop()
      for other in graph.get(node, []):
          if other not in seen:
              seen.add(other)
              waiting.append(other)
  return sorted(seen)
> seen = set()
  waiting = deque([start])
  while waiting:
      node = waiting.popleft()
      if node in seen:
          continue
      seen.add(node)
      waiting.extend(graph.get(node, []))
  return sorted(seen)

is_reachable path_exists : graph:graph start:char goal:char -> bool
- ? goal can be reached from start along the edges of the graph
> seen, waiting = {start}, [start]
  while waiting:
      node = waiting.pop()
      if node == goal:
          return True
      for other in graph.get(node, []):
          if other not in seen:
              seen.add(other)
              waiting.append(other)
  return False
> reached = {start}
  while True:
      following = reached | {other for node in reached for other in graph.get(node, [])}
      if following == reached:
          return goal in reached
      reached = following

steps_between shortest_path_length : graph:graph start:char goal:char -> int
- the least number of edges from start to goal in the graph, or -1 if there is no way
> distances = {start: 0}
  waiting = deque([start])
  while waiting:
      node = waiting.popleft()
      if node == goal:
          return distances[node]
      for other in graph.get(node, []):
          if other not in distances:
              distances[other] = distances[node] + 1
              waiting.append(other)
  return -1

reversed_graph turn_edges_around : graph:graph -> dict[str, list[str]]
- the graph with every edge turned around, each list of neighbours sorted
> $result = {node: [] for node in graph}
  for node in sorted(graph):
      for other in graph[node]:
          $result[other].append(node)
  return $result
> return {node: sorted(other for other in graph if node in graph[other]) for node in graph}

mutual_edges pairs_linked_both_ways : graph:graph -> list[tuple[str, str]]
- the sorted list of the pairs of nodes, in alphabetical order, of which each is a neighbour of the other
> $result = []
  for one, other in itertools.combinations(sorted(graph), 2):
      if other in graph[one] and one in graph[other]:
          $result.append((one, other))
  return $result

@(sum/count)_of_nested nested_@(sum/count) : nested:nested -> int
- the @(sum/number) of all integers in nested and in the lists in it
> $total = 0
  for part in nested:
      $total += RECURSE(part) if isinstance(part, list) else @(part/1)
  return $total
> $total = 0
  waiting = [nested]
  while waiting:
      for part in waiting.pop():
          if isinstance(part, list):
              waiting.append(part)
          else:
              $total += @(part/1)
  return $total

@(largest/smallest)_of_nested nested_@(maximum/minimum) : nested:nested -> int | None
- the @(largest/smallest) of all integers in nested and in the lists in it, or None if there are none
> best = None
  for part in nested:
      value = RECURSE(part) if isinstance(part, list) else part
      if value is not None and (best is None or value @(>/<) best):
          best = value
  return best

flatten_@(nested/nested_sorted) flat_list_of_@(nested/nested_sorted) : nested:nested -> list[int]
- the list of all integers in nested and in the lists in it, @(in their order/in ascending order)
> $result = []
  for part in nested:
      if isinstance(part, list):
          $result.extend(RECURSE(part))
      else:
          $result.append(part)
  return @($result/sorted($result))
> $result = []
  waiting = list(nested)
  while waiting:
      part = waiting.pop(0)
      if isinstance(part, list):
          waiting = part + waiting
      else:
          $result.append(part)
  return @($result/sorted($result))

depth_of_nested nesting_depth : nested:nested -> int
- how deep lists are nested in nested, where a list without lists in it has depth 1
> depth = 1
  for part in nested:
      if isinstance(part, list):
          depth = max(depth, 1 + RECURSE(part))
  return depth
> return 1 + max((RECURSE(part) for part in nested if isinstance(part, list)), default=0)

count_lists_in_nested number_of_inner_lists : nested:nested -> int
- the number of lists in nested, at any depth, itself not counted
> return sum(1 + RECURSE(part) for part in nested if isinstance(part, list))
> $count = 0
  waiting = [nested]
  while waiting:
      inner = [part for part in waiting.pop() if isinstance(part, list)]
      $count += len(inner)
      waiting += inner
  return $count

$E_of_each_nested map_nested_$E : nested:nested -> list
- a list nested in the same way, with $E(each integer) in place of the integer
> return [RECURSE(part) if isinstance(part, list) else $E(part) for part in nested]
> $result = []
  for part in nested:
      if isinstance(part, list):
          $result.append(RECURSE(part))
      else:
          $result.append($E(part))
  return $result

keep_nested_$P nested_only_$P : nested:nested -> list
- a list nested in the same way, with only the integers that $Ps
> $result = []
  for part in nested:
      if isinstance(part, list):
          $result.append(RECURSE(part))
      elif $P(part):
          $result.append(part)
  return $result

integers_at_top_level items_outside_inner_lists : nested:nested -> list[int]
- the list of the integers that are in nested itself, without those in inner lists
> return [part for part in nested if not isinstance(part, list)]
> return [part for part in nested if isinstance(part, int)]

weighted_by_depth depth_sum : nested:nested depth:size -> int
- the sum of all integers in nested, each times its depth, where those in nested itself have the given depth and each inner list adds 1
> $total = 0
  for part in nested:
      $total += RECURSE(part, depth + 1) if isinstance(part, list) else depth * part
  return $total
""",
)
