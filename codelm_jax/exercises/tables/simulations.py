"""Moves, ciphers, stacks, queues and games: a state that changes step by step."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "simulations",
    """
final_position position_after_moves : moves:moves -> tuple[int, int]
- the point (x, y) reached from (0, 0) by the moves, where U and D change y by 1 and -1, and R and L change x in the same way
> x = y = 0
  for move in moves:
      if move == "U":
          y += 1
      elif move == "D":
          y -= 1
      elif move == "R":
          x += 1
      else:
          x -= 1
  return x, y
> return moves.count("R") - moves.count("L"), moves.count("U") - moves.count("D")
> steps = {"U": (0, 1), "D": (0, -1), "R": (1, 0), "L": (-1, 0)}
  x, y = 0, 0
  for move in moves:
      dx, dy = steps[move]
      x, y = x + dx, y + dy
  return x, y

returns_to_start ends_where_it_began : moves:moves -> bool
- ? the moves end at the point at which they began, where U and D as well as L and R undo each other
> return moves.count("U") == moves.count("D") and moves.count("L") == moves.count("R")
> x = y = 0
  for move in moves:
      x += (move == "R") - (move == "L")
      y += (move == "U") - (move == "D")
  return (x, y) == (0, 0)

@(distance/highest_point)_of_moves : moves:moves -> int
- @(the number of moves that lead straight back to the start after the moves/the largest y that is reached from 0, where U and D change y by 1 and -1)
> @(x = moves.count("R") - moves.count("L")
  y = moves.count("U") - moves.count("D")
  return abs(x) + abs(y)/y = highest = 0
  for move in moves:
      y += (move == "U") - (move == "D")
      highest = max(highest, y)
  return highest)

count_visited_points different_points_of_moves : moves:moves -> int
- how many different points the moves touch, the start included
> x = y = 0
  seen = {(0, 0)}
  for move in moves:
      x += {"R": 1, "L": -1}.get(move, 0)
      y += {"U": 1, "D": -1}.get(move, 0)
      seen.add((x, y))
  return len(seen)

@(opposite/mirrored)_moves : moves:moves -> str
- the moves with @(each replaced by the opposite one/L and R swapped)
> swap = {"L": "R", "R": "L"@(, "U": "D", "D": "U"/)}
  return "".join(swap.get(move, move) for move in moves)
> return moves.translate(str.maketrans("@(LRUD/LR)", "@(RLDU/RL)"))

count_turns changes_of_direction : moves:moves -> int
- how often a move differs from the one before it
> return sum(1 for before, after in zip(moves, moves[1:]) if before != after)
> $count = 0
  for i in range(1, len(moves)):
      if moves[i] != moves[i - 1]:
          $count += 1
  return $count

simplify_moves remove_undone_moves : moves:moves -> str
- the moves without those that the next one undoes, until no move is undone
> opposite = {"U": "D", "D": "U", "L": "R", "R": "L"}
  stack = []
  for move in moves:
      if stack and stack[-1] == opposite[move]:
          stack.pop()
      else:
          stack.append(move)
  return "".join(stack)

caesar_@(encode/decode)_by_$j shift_alphabet_@(forward/back)_by_$j : s -> str
- $s with each letter from a to z replaced by the one $j places @(after/before) it, going round at the end of the alphabet
> $result = ""
  for $c in $s:
      if "a" <= $c <= "z":
          $c = chr((ord($c) - ord("a") @(+/-) $j) % 26 + ord("a"))
      $result += $c
  return $result
> letters = "abcdefghijklmnopqrstuvwxyz"
  moved = @(letters[$j:] + letters[:$j]/letters[-$j:] + letters[:-$j])
  return $s.translate(str.maketrans(letters, moved))

caesar_with_key shift_letters_by_key : s key:natural -> str
- $s with each capital or small letter moved on by key places in its alphabet, going round at the end
> $result = []
  for $c in $s:
      if $c.isascii() and $c.isalpha():
          first = ord("A" if $c.isupper() else "a")
          $c = chr((ord($c) - first + key) % 26 + first)
      $result.append($c)
  return "".join($result)

mirror_alphabet swap_letters_from_both_ends : s -> str
- $s with each letter from a to z replaced by the one as far from the end of the alphabet as it is from its start
> letters = "abcdefghijklmnopqrstuvwxyz"
  return $s.translate(str.maketrans(letters, letters[::-1]))
> return "".join(chr(219 - ord($c)) if "a" <= $c <= "z" else $c for $c in $s)

@(even/odd)_characters_first sort_characters_by_@(even/odd)_index : s -> str
- @(the characters of $s at even indexes followed by those at odd indexes/the characters of $s at odd indexes followed by those at even indexes)
> return $s[@(::2/1::2)] + $s[@(1::2/::2)]
> even, odd = "", ""
  for i, $c in enumerate($s):
      if i % 2 == 0:
          even += $c
      else:
          odd += $c
  return @(even + odd/odd + even)

double_vowel_speech add_letter_after_vowels : s -> str
- $s with each lowercase vowel followed by "$ch" and itself again
> return "".join($c + "$ch" + $c if $c in "aeiou" else $c for $c in $s)
> $result = ""
  for $c in $s:
      $result += $c
      if $c in "aeiou":
          $result += "$ch" + $c
  return $result

move_consonants_to_end words_with_first_letter_last : s -> str
- $s with the first letter of each word moved to its end and followed by "$ch", the words separated by single spaces
> return " ".join(part[1:] + part[0] + "$ch" for part in $s.split())
> parts = []
  for part in $s.split():
      parts.append(part[1:] + part[0] + "$ch")
  return " ".join(parts)

spell_digits digits_as_words : digits:digits -> str
- the English words for the digits, separated by spaces
> names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
  return " ".join(names[int(digit)] for digit in digits)
> names = "zero one two three four five six seven eight nine".split()
  parts = []
  for digit in digits:
      parts.append(names[int(digit)])
  return " ".join(parts)

group_digits_by_@(comma/space) thousands_with_@(commas/spaces) : number:large -> str
- number with @(a comma/a space) between groups of three digits, counted from the right
> return f"{number:,}"@(/.replace(",", " "))
> digits = str(number)
  groups = []
  while digits:
      groups.insert(0, digits[-3:])
      digits = digits[:-3]
  return "@(,/ )".join(groups)

ordinal ordinal_number : n+ -> str
- $n with its English ordinal ending, such as "1st", "2nd", "3rd", "4th" or "11th"
> if 10 <= $n % 100 <= 20:
      return f"{$n}th"
  if $n % 10 == 1:
      return f"{$n}st"
  if $n % 10 == 2:
      return f"{$n}nd"
  return f"{$n}rd" if $n % 10 == 3 else f"{$n}th"
> ending = "th"
  if $n % 100 not in (11, 12, 13):
      ending = {1: "st", 2: "nd", 3: "rd"}.get($n % 10, "th")
  return str($n) + ending

process_commands stack_after_commands : commands:words -> list[str]
- the list that results when each of the commands is put at its end, except that "a" takes the last one away
> stack = []
  for command in commands:
      if command == "a":
          if stack:
              stack.pop()
      else:
          stack.append(command)
  return stack

type_with_backspace text_after_backspaces : s -> str
- the text that is left when each hyphen in $s deletes the character before it, if there is any
> stack = []
  for $c in $s:
      if $c != "-":
          stack.append($c)
      elif stack:
          stack.pop()
  return "".join(stack)
> $result = ""
  for $c in $s:
      $result = $result[:-1] if $c == "-" else $result + $c
  return $result

remove_equal_neighbours cancel_pairs : s -> str
- $s without pairs of equal neighbours, removed again and again until there are none
> stack = []
  for $c in $s:
      if stack and stack[-1] == $c:
          stack.pop()
      else:
          stack.append($c)
  return "".join(stack)

account_@(balance/overdrafts) : changes:ints -> int
- the @(balance of an account that begins at 0, where a change that would make it negative is refused/number of changes that are refused, because they would make the balance of an account that begins at 0 negative)
> balance = refused = 0
  for change in changes:
      if balance + change < 0:
          refused += 1
      else:
          balance += change
  return @(balance/refused)

trips_with_fuel trips_possible : fuel:positive trips:ints -> int
- how many of the trips, taken in order, the fuel is enough for, when each takes its absolute value and the first that it is not enough for is the last tried
> $count = 0
  for trip in trips:
      fuel -= abs(trip)
      if fuel < 0:
          break
      $count += 1
  return $count

final_floor elevator_floor : floors:ints -> int
- the floor on which an elevator ends that begins on floor 0 and moves by each of the floors, but never below 0 or above 10
> floor = 0
  for change in floors:
      floor = min(max(floor + change, 0), 10)
  return floor

waiting_time total_waiting_time : times:ints -> int
- the sum of the waiting times of all customers, who are served in order and whose service takes the absolute value of each of the times
> waited = total = 0
  for time in times:
      total += waited
      waited += abs(time)
  return total

@(first/last)_to_finish : W rounds:size -> str | None
- the @(first/last) of the $W in a queue after as many rounds, in each of which the first goes to the end; None for an empty queue
> if not $W:
      return None
  queue = deque($W)
  queue.rotate(-rounds)
  return queue[@(0/-1)]
> if not $W:
      return None
  return $W[(rounds@(/ - 1)) % len($W)]

bounce_heights heights_of_bounces : height:positive -> list[int]
- the list of the heights of a ball that is dropped from height and each time bounces up to half of it, rounded down, until that is 0
> $result = []
  while height > 0:
      $result.append(height)
      height //= 2
  return $result

population_after grow_population : start:positive years:small -> int
- the number of animals after the given years, when each year it doubles and then $k of them leave, but never fewer than 0 are left
> for _ in range(years):
      start = max(2 * start - $k, 0)
  return start

light_after color_after_changes : changes:natural -> str
- the colour of a traffic light after the given number of changes, when it begins with "green" and goes on with "yellow" and "red"
> return ["green", "yellow", "red"][changes % 3]

winner_of_rounds score_of_rounds : first:ints second:ints -> tuple[int, int]
- a tuple of how many rounds first and second win, when in each round the larger number wins
> one = two = 0
  for a, b in zip(first, second):
      if a > b:
          one += 1
      elif b > a:
          two += 1
  return one, two
> one = sum(a > b for a, b in zip(first, second))
  two = sum(a < b for a, b in zip(first, second))
  return one, two

hands_game rock_paper_scissors_index : first:small second:small -> int
- the winner, 1 or 2, of rock (0), paper (1) and scissors (2) for the choices first and second modulo 3, or 0 for a draw
> return (first - second) % 3
> if first % 3 == second % 3:
      return 0
  return 1 if (first - second) % 3 == 1 else 2
""",
)
