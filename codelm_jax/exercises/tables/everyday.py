"""Small calculations from everyday life, where names carry the meaning."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "everyday",
    """
rectangle_@(perimeter/area_doubled) : width:positive height:positive -> int
- @(the perimeter/twice the area) of a rectangle with the given width and height
> return 2 * @((width + height)/width * height)

is_@(square/wider_than_high/higher_than_wide) : width:positive height:positive -> bool
- ? a rectangle with the given width and height is @(a square/wider than it is high/higher than it is wide)
> return width @(==/>/<) height
> if width @(==/>/<) height:
      return True
  return False

box_@(volume_and_surface/surface) : width:positive height:positive depth:positive -> @(tuple[int, int]/int)
- @(a tuple of the volume and the surface/the surface) of a box with the given width, height and depth
> surface = 2 * (width * height + width * depth + height * depth)
  return @(width * height * depth, surface/surface)

@(celsius_to_fahrenheit/fahrenheit_to_celsius) : degrees:int -> float
- the temperature in degrees @(Fahrenheit/Celsius) for one in degrees @(Celsius/Fahrenheit)
> return @(degrees * 9 / 5 + 32/(degrees - 32) * 5 / 9)

@(minutes_to_seconds/hours_to_minutes/days_to_hours) : @(minutes/hours/days):natural -> int
- the number of @(seconds/minutes/hours) in the given number of @(minutes/hours/days)
> return @(minutes/hours/days) * @(60/60/24)

@(full_minutes/full_hours/full_days) : @(seconds/minutes/hours):natural -> int
- the number of full @(minutes/hours/days) in the given number of @(seconds/minutes/hours)
> return @(seconds/minutes/hours) // @(60/60/24)

time_in_seconds to_seconds : hours:small minutes:small seconds:small -> int
- the time of hours, minutes and seconds in seconds
> return hours * 3600 + minutes * 60 + seconds
> $total = hours * 60 + minutes
  return $total * 60 + seconds

format_time clock_time : hours:small minutes:natural -> str
- the time as a string with hours, a colon and two digits for minutes
> return f"{hours}:{minutes:02d}"
> return str(hours) + ":" + str(minutes).zfill(2)

@(total_price/price_with_fee) : price:positive quantity:natural -> int
- the price of quantity pieces, where one costs price@(/ and every order costs $K more)
> return price * quantity@(/ + $K)
> $total = price * quantity
  @(return $total/return $total + $K)

price_with_@(discount/tax) : price:positive percent:small -> float
- the price @(reduced/increased) by percent per cent
> return price @(-/+) price * percent / 100

discounted_above_$K bulk_price : price:positive quantity:natural -> int
- the price of quantity pieces, where each piece costs price but 1 less if there are more than $k
> if quantity > $k:
      return (price - 1) * quantity
  return price * quantity

@(cheapest/dearest)_of_three_prices : first:positive second:positive third:positive -> str
- "first", "second" or "third", whichever price is the @(lowest/highest); of equal prices the first counts
> if first @(<=/>=) second and first @(<=/>=) third:
      return "first"
  if second @(<=/>=) third:
      return "second"
  return "third"

change_due money_back : paid:natural price:positive -> int
- the money to be given back when paid is more than price, otherwise 0
> if paid > price:
      return paid - price
  return 0
> return max(paid - price, 0)

can_afford has_enough_money : money:natural price:positive quantity:size -> bool
- ? money is enough to buy quantity pieces at price each
> return money >= price * quantity
> if price * quantity > money:
      return False
  return True

coins_needed count_coins_of_$k : amount:natural -> int
- how many coins are needed for amount with coins of $k and of 1, using as many coins of $k as possible
> return amount // $k + amount % $k
> $count = amount // $k
  $count += amount % $k
  return $count

average_speed speed_of_trip : distance:natural hours:size -> float
- the average speed for a distance and a number of hours
> return distance / hours

@(travel_time/travel_time_with_break) : distance:natural speed:size -> float
- the hours needed for a distance at the given speed@(/, plus a break of 1 hour)
> return distance / speed@(/ + 1)

is_@(adult/child/pensioner) : age:natural -> bool
- ? a person of this age is @(at least 18/younger than 12/at least 65) years old
> return age @(>= 18/< 12/>= 65)
> if age @(>= 18/< 12/>= 65):
      return True
  return False

ticket_price fare_for_age : age:natural -> int
- the price of a ticket: 0 below $j years, $k up to 17 years, and twice $k from 18 years on
> if age < $j:
      return 0
  if age < 18:
      return $k
  return 2 * $k

grade_letter grade_for_points : points:natural -> str
- the letter "A" for at least 30 points, "B" for at least 20, "C" for at least 10, and "F" below
> if points >= 30:
      return "A"
  if points >= 20:
      return "B"
  if points >= 10:
      return "C"
  return "F"

has_passed passes_with : points:natural needed:natural -> bool
- ? points are enough, which means at least needed
> return points >= needed
> if points < needed:
      return False
  return True

missing_points : points:natural needed:natural -> int
- how many points are missing to reach needed; 0 if there are enough
> if points >= needed:
      return 0
  return needed - points
> return max(0, needed - points)

@(full_name/sorting_name) : first:word last:word -> str
- the full name in the form "@(first last/last, first)"
> return @(f"{first} {last}"/f"{last}, {first}")
> return @(first + " " + last/last + ", " + first)

initials_of name_initials : first:word last:word -> str
- the first characters of first and last in upper case, each followed by a dot
> return f"{first[0].upper()}.{last[0].upper()}."
> return first[0].upper() + "." + last[0].upper() + "."

@(short_login/login_name) : first:word last:word -> str
- the @(first character of first followed by last/first followed by the first character of last), in lower case
> return @((first[0] + last)/(first + last[0])).lower()

plural_form with_plural : noun:word count:small -> str
- the count, a space and the noun, with "s" added to the noun unless count is 1
> if count == 1:
      return f"{count} {noun}"
  return f"{count} {noun}s"

item_line receipt_line : item_name:word price:positive -> str
- a line with item_name, dots up to a width of 12, and the price
> return item_name.ljust(12, ".") + str(price)
> return f"{item_name:.<12}{price}"

@(order_value/order_value_with_fee) : prices:ints quantities:ints -> int
- the sum of each price times its quantity@(/, plus $K)
> return sum(price * quantity for price, quantity in zip(prices, quantities))@(/ + $K)
> $total = @(0/$K)
  for price, quantity in zip(prices, quantities):
      $total += price * quantity
  return $total

items_within_budget affordable_count : prices:ints budget:natural -> int
- how many of the prices, taken in order, can be paid before the budget is exceeded
> spent = 0
  $count = 0
  for price in prices:
      if spent + price > budget:
          break
      spent += price
      $count += 1
  return $count

days_@(above/below)_average : temperatures:some_ints -> int
- the number of temperatures that are @(above/below) their average
> average = sum(temperatures) / len(temperatures)
  return sum(1 for t in temperatures if t @(>/<) average)
> average = sum(temperatures) / len(temperatures)
  $count = 0
  for temperature in temperatures:
      if temperature @(>/<) average:
          $count += 1
  return $count

@(warmest/coldest)_day : temperatures:some_ints -> int
- the index of the first day with the @(highest/lowest) temperature
> return temperatures.index(@(max/min)(temperatures))
> best = 0
  for day, temperature in enumerate(temperatures):
      if temperature @(>/<) temperatures[best]:
          best = day
  return best

largest_@(rise/fall) : temperatures:ints -> int
- the largest @(rise/fall) of the temperature from one day to the next, or 0 if there is none
> largest = 0
  for i in range(1, len(temperatures)):
      change = temperatures[i] - temperatures[i - 1]
      largest = max(largest, @(change/-change))
  return largest

@(balance_after/balance_without_debt) : balance:natural changes:ints -> int
- the balance after all changes were added to it@(/, where it never falls below 0)
> for change in changes:
      balance += change
      balance = @(balance/max(balance, 0))
  return balance

savings_after money_saved : start:natural monthly:natural months:small -> int
- the money there is after the given months, when start is there at first and monthly is added each month
> return start + monthly * months
> $total = start
  for _ in range(months):
      $total += monthly
  return $total

months_until_@(goal/empty) : amount:natural change:size goal:natural -> int
- how many months it takes until amount, which @(grows/shrinks) by change each month, is at @(least goal/most goal)
> months = 0
  while amount @(</>) goal:
      amount @(+=/-=) change
      months += 1
  return months

winner_by_@(most/fewest)_points : first_score:natural second_score:natural -> str
- "first", "second" or "draw", depending on which score is @(higher/lower)
> if first_score @(>/<) second_score:
      return "first"
  if second_score @(>/<) first_score:
      return "second"
  return "draw"

points_for_result match_points : scored:small conceded:small -> int
- 3 points for more goals scored than conceded, 1 for as many, and 0 for fewer
> if scored > conceded:
      return 3
  if scored == conceded:
      return 1
  return 0

count_votes_for votes_of : votes:words candidate:word -> int
- how many of the votes are for the candidate
> return votes.count(candidate)
> $total = 0
  for vote in votes:
      if vote == candidate:
          $total += 1
  return $total

is_@(valid_month/valid_hour/valid_minute/valid_percentage) : number:int -> bool
- ? number is a possible @(month, from 1 to 12/hour, from 0 to 23/minute, from 0 to 59/percentage, from 0 to 100)
> return @(1 <= number <= 12/0 <= number <= 23/0 <= number <= 59/0 <= number <= 100)
> if number < @(1/0/0/0) or number > @(12/23/59/100):
      return False
  return True

days_in_month : month:size is_leap:bool -> int
- the number of days in one of the months 1 to 4 (January to April), which for February depends on is_leap
> if month == 2:
      return 29 if is_leap else 28
  return 30 if month == 4 else 31

weekday_@(after/before) : weekday:small days:natural -> int
- the number of the weekday, from 0 to 6, that comes days days @(after/before) the given one
> return (weekday @(+/-) days) % 7

angle_within_circle normalise_angle : angle:int -> int
- the same angle as a number of degrees from 0 to 359
> return angle % 360
> while angle < 0:
      angle += 360
  while angle >= 360:
      angle -= 360
  return angle

manhattan_distance grid_distance : x1:int y1:int x2:int y2:int -> int
- the distance from (x1, y1) to (x2, y2) when one may only move along the axes
> return abs(x1 - x2) + abs(y1 - y2)
> horizontal = abs(x2 - x1)
  vertical = abs(y2 - y1)
  return horizontal + vertical

is_inside_rectangle point_in_rectangle : x:int y:int width:positive height:positive -> bool
- ? the point (x, y) lies in the rectangle from (0, 0) to (width, height), its edges included
> return 0 <= x <= width and 0 <= y <= height
> if x < 0 or x > width:
      return False
  return 0 <= y <= height

move_@(left/right/up/down) : x:int y:int steps:natural -> tuple[int, int]
- the point reached from (x, y) by steps steps @(to the left (x gets smaller)/to the right (x gets larger)/up (y gets larger)/down (y gets smaller))
> return @(x - steps, y/x + steps, y/x, y + steps/x, y - steps)

split_at_first : text:text -> tuple[str, str]
- a tuple of what comes before and after the first "$sep" in text; the second one is empty if there is none
> before, _, after = text.partition("$sep")
  return before, after

@(setting_line/setting_statement) : key:word value:int -> str
- a line of the form "key=value"@(/ that ends with a semicolon)
> return f"{key}={value}@(/;)"
> return key + "=" + str(value)@(/ + ";")

file_name_with with_extension : stem:word extension:word -> str
- the stem followed by a dot and the extension in lower case
> return stem + "." + extension.lower()
> return f"{stem}.{extension.lower()}"

progress_bar bar_of : done:small total:size -> str
- a bar of done "#" characters followed by total "." characters
> return "#" * done + "." * total
> bar = ""
  for _ in range(done):
      bar += "#"
  for _ in range(total):
      bar += "."
  return bar
""",
)
