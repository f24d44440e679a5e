"""Dates, times of day and durations, most of them as strings."""

from codelm_jax.exercises.template import table

TEMPLATES = table(
    "times",
    """
@(year/month/day)_of_date get_@(year/month/day) : stamp:date -> int
- the @(year/month/day of the month) of a date in the form YYYY-MM-DD, as an integer
> return int(stamp@([:4]/[5:7]/[8:]))
> parts = stamp.split("-")
  return int(parts[@(0/1/2)])
> year, month, day = stamp.split("-")
  return int(@(year/month/day))
> return date.fromisoformat(stamp).@(year/month/day)

date_with_@(dots/spaces) format_date_@(with_dots/with_spaces) : stamp:date -> str
- a date in the form YYYY-MM-DD rewritten as @(DD.MM.YYYY/DD MM YYYY)
> year, month, day = stamp.split("-")
  return f"{day}@(./ ){month}@(./ ){year}"
> return "@(./ )".join(reversed(stamp.split("-")))
> parts = stamp.split("-")
  parts.reverse()
  return "@(./ )".join(parts)

date_with_slashes month_first_date : stamp:date -> str
- a date in the form YYYY-MM-DD rewritten as MM/DD/YYYY
> year, month, day = stamp.split("-")
  return f"{month}/{day}/{year}"
> return stamp[5:7] + "/" + stamp[8:] + "/" + stamp[:4]

compact_date date_without_dashes : stamp:date -> str
- the date without its dashes
> return stamp.replace("-", "")
> return "".join(stamp.split("-"))
> $result = ""
  for $c in stamp:
      if $c != "-":
          $result += $c
  return $result

is_in_@(first/second)_half_of_year : stamp:date -> bool
- ? the date lies in the @(first/last) six months of its year
> return int(stamp[5:7]) @(<=/>) 6
> month = int(stamp.split("-")[1])
  return month @(<= 6/>= 7)

quarter_of_date get_quarter : stamp:date -> int
- the quarter of the year, from 1 to 4, in which the date lies
> return (int(stamp[5:7]) + 2) // 3
> month = int(stamp[5:7])
  if month <= 3:
      return 1
  if month <= 6:
      return 2
  if month <= 9:
      return 3
  return 4

@(earlier/later)_date @(first/last)_of_two_dates : first:date second:date -> str
- the @(earlier/later) of two dates in the form YYYY-MM-DD
> return @(min/max)(first, second)
> if first @(</>) second:
      return first
  return second

same_@(year/month/day)_in_dates dates_share_@(year/month/day) : first:date second:date -> bool
- ? both dates have the same @(year/month, whatever their year/day of the month)
> return first@([:4]/[5:7]/[8:]) == second@([:4]/[5:7]/[8:])
> one, two = first.split("-"), second.split("-")
  return one[@(0/1/2)] == two[@(0/1/2)]

days_between days_from_first_to_second : first:date second:date -> int
- the number of days from the first date to the second; negative if the second is earlier
> difference = date.fromisoformat(second) - date.fromisoformat(first)
  return difference.days
> return (date.fromisoformat(second) - date.fromisoformat(first)).days

date_@(plus/minus)_days @(add/subtract)_days : stamp:date days:natural -> str
- the date that comes days days @(after/before) the given one, in the form YYYY-MM-DD
> moved = date.fromisoformat(stamp) @(+/-) timedelta(days=days)
  return moved.isoformat()
> return str(date.fromisoformat(stamp) @(+/-) timedelta(days=days))

weeks_@(later/earlier)_date @(add/subtract)_weeks : stamp:date weeks:natural -> str
- the date the given number of weeks @(later/earlier)
> return (date.fromisoformat(stamp) @(+/-) timedelta(weeks=weeks)).isoformat()
> moved = date.fromisoformat(stamp) @(+/-) timedelta(days=7 * weeks)
  return moved.isoformat()

weekday_name name_of_weekday : stamp:date -> str
- the name of the weekday on which the date falls
> names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
  return names[date.fromisoformat(stamp).weekday()]

falls_on_@(weekend/weekday/monday/friday) is_@(weekend/workday/monday/friday) : stamp:date -> bool
- ? the date falls on a @(Saturday or Sunday/day from Monday to Friday/Monday/Friday)
> return date.fromisoformat(stamp).weekday() @(>= 5/< 5/== 0/== 4)
> number = date.fromisoformat(stamp).isoweekday()
  return number @(> 5/<= 5/== 1/== 5)

is_leap leap_year : year:positive -> bool
- ? year is a leap year
> return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
> if year % 400 == 0:
      return True
  if year % 100 == 0:
      return False
  return year % 4 == 0

count_leap_years leap_years_between : first:positive last:positive -> int
- the number of leap years from first to last
> $count = 0
  for year in range(first, last + 1):
      if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
          $count += 1
  return $count
> return sum(1 for year in range(first, last + 1) if year % 400 == 0 or (year % 4 == 0 and year % 100 != 0))

day_of_year number_of_day : stamp:date -> int
- which day of its year the date is, where January 1 is day 1
> day = date.fromisoformat(stamp)
  return (day - date(day.year, 1, 1)).days + 1
> year, month, day = (int(part) for part in stamp.split("-"))
  is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
  lengths = [31, 29 if is_leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  return sum(lengths[:month - 1]) + day

days_left_in_year : stamp:date -> int
- how many days of its year come after the date
> day = date.fromisoformat(stamp)
  return (date(day.year, 12, 31) - day).days

first_of_@(month/next_month/year) start_of_@(month/next_month/year) : stamp:date -> str
- the first day of the @(month/month after that/year) in which the date lies
> year, month = int(stamp[:4]), int(stamp[5:7])
  @(return f"{year}-{month:02d}-01"/if month == 12:
      return f"{year + 1}-01-01"
  return f"{year}-{month + 1:02d}-01"/return f"{year}-01-01")

full_years_between age_on_date : born:date today:date -> int
- how many full years have passed from born to today; 0 if today is earlier
> years = int(today[:4]) - int(born[:4])
  if today[5:] < born[5:]:
      years -= 1
  return max(years, 0)
> start, end = date.fromisoformat(born), date.fromisoformat(today)
  years = end.year - start.year
  if (end.month, end.day) < (start.month, start.day):
      years -= 1
  return max(0, years)

months_between_dates : first:date second:date -> int
- the difference of two dates in months, without regard to the days
> years = int(second[:4]) - int(first[:4])
  months = int(second[5:7]) - int(first[5:7])
  return 12 * years + months

@(earliest/latest)_date_or_none @(oldest/newest)_date : dates:dates -> str | None
- the @(earliest/latest) of the dates, or None if there are none
> return @(min/max)(dates, default=None)
> best = None
  for stamp in dates:
      if best is None or stamp @(</>) best:
          best = stamp
  return best

dates_@(before/after) keep_dates_@(before/after) : dates:dates limit:date -> list[str]
- the dates that are @(before/after) limit, in their original order
> return [stamp for stamp in dates if stamp @(</>) limit]
> $result = []
  for stamp in dates:
      if stamp @(</>) limit:
          $result.append(stamp)
  return $result

count_dates_by_@(year/month) dates_per_@(year/month) : dates:dates -> dict[str, int]
- a dictionary from each @(year/month in the form YYYY-MM) to the number of dates in it
> counts = {}
  for stamp in dates:
      key = stamp[:@(4/7)]
      counts[key] = counts.get(key, 0) + 1
  return counts
> counts = defaultdict(int)
  for stamp in dates:
      counts[stamp[:@(4/7)]] += 1
  return dict(counts)
> return dict(Counter(stamp[:@(4/7)] for stamp in dates))

days_spanned span_of_dates : dates:dates -> int
- the number of days from the earliest to the latest of the dates, or 0 if there are none
> if not dates:
      return 0
  first, last = date.fromisoformat(min(dates)), date.fromisoformat(max(dates))
  return (last - first).days

sorted_dates_@(ascending/descending) dates_@(oldest/newest)_first : dates:dates -> list[str]
- the dates from the @(oldest to the newest/newest to the oldest), each only once
> return sorted(set(dates)@(/, reverse=True))

minutes_since_midnight time_to_minutes : clock:time -> int
- the number of minutes from midnight to the time of day
> hours, minutes = clock.split(":")
  return 60 * int(hours) + int(minutes)
> return int(clock[:2]) * 60 + int(clock[3:])

minutes_until_@(midnight/next_hour) minutes_to_@(midnight/next_hour) : clock:time -> int
- the number of minutes from the time of day to @(midnight/the next full hour)
> hours, minutes = (int(part) for part in clock.split(":"))
  return @(24 * 60 - 60 * hours - minutes/60 - minutes)

is_@(morning/afternoon/evening/night) time_in_@(morning/afternoon/evening/night) : clock:time -> bool
- ? the time of day lies @(from 06:00 to 11:59/from 12:00 to 17:59/from 18:00 to 21:59/before 06:00 or from 22:00 on)
> hour = int(clock[:2])
  return @(6 <= hour < 12/12 <= hour < 18/18 <= hour < 22/hour < 6 or hour >= 22)
> hour = int(clock.split(":")[0])
  if hour @(< 6 or hour > 11/< 12 or hour > 17/< 18 or hour > 21/>= 6 and hour <= 21):
      return False
  return True

part_of_day name_part_of_day : clock:time -> str
- "morning" before 12:00, "afternoon" before 18:00, and "evening" from 18:00 on
> hour = int(clock[:2])
  if hour < 12:
      return "morning"
  if hour < 18:
      return "afternoon"
  return "evening"
> if clock < "12:00":
      return "morning"
  return "afternoon" if clock < "18:00" else "evening"

minutes_between_times : first:time second:time -> int
- the number of minutes between two times of the same day, whichever comes first
> one, two = (60 * int(clock[:2]) + int(clock[3:]) for clock in (first, second))
  return abs(one - two)
> hours1, minutes1 = (int(part) for part in first.split(":"))
  hours2, minutes2 = (int(part) for part in second.split(":"))
  return abs(60 * (hours1 - hours2) + minutes1 - minutes2)

time_@(plus/minus)_minutes @(add/subtract)_minutes : clock:time minutes:natural -> str
- the time of day in the form HH:MM that is the given number of minutes @(later/earlier), over midnight if need be
> total = int(clock[:2]) * 60 + int(clock[3:]) @(+/-) minutes
  return f"{total // 60 % 24:02d}:{total % 60:02d}"
> hours, rest = divmod((int(clock[:2]) * 60 + int(clock[3:]) @(+/-) minutes) % 1440, 60)
  return f"{hours:02d}:{rest:02d}"

twelve_hour_clock to_twelve_hours : clock:time -> str
- the time of day on a clock of twelve hours, such as "3:05 pm"
> hour, minute = int(clock[:2]), clock[3:]
  suffix = "am" if hour < 12 else "pm"
  return f"{hour % 12 or 12}:{minute} {suffix}"
> hour = int(clock[:2])
  suffix = "am"
  if hour >= 12:
      suffix = "pm"
      hour -= 12
  if hour == 0:
      hour = 12
  return str(hour) + clock[2:] + " " + suffix

round_time_@(down/up)_to_hour : clock:time -> str
- the time of day rounded @(down/up) to a full hour, in the form HH:MM, where 24 becomes 00
> hour = int(clock[:2])
  @(return f"{hour:02d}:00"/if clock[3:] != "00":
      hour = (hour + 1) % 24
  return f"{hour:02d}:00")

clock_angle_of_@(hour/minute)_hand : clock:time -> float
- the angle in degrees of the @(hour/minute) hand of a clock with hands, from 12 on
> hours, minutes = int(clock[:2]), int(clock[3:])
  return @(hours % 12 * 30 + minutes / 2/minutes * 6.0)

format_duration seconds_as_clock : seconds:natural -> str
- the seconds as a duration in the form M:SS
> return f"{seconds // 60}:{seconds % 60:02d}"
> minutes, rest = divmod(seconds, 60)
  return str(minutes) + ":" + str(rest).zfill(2)

describe_minutes minutes_as_text : minutes:natural -> str
- the minutes in words such as "1 h 5 min", "2 h" or "40 min"
> hours, rest = divmod(minutes, 60)
  parts = []
  if hours:
      parts.append(f"{hours} h")
  if rest or not hours:
      parts.append(f"{rest} min")
  return " ".join(parts)
> hours, rest = minutes // 60, minutes % 60
  if hours == 0:
      return f"{rest} min"
  if rest == 0:
      return f"{hours} h"
  return f"{hours} h {rest} min"

duration_to_@(minutes/seconds) parse_duration_as_@(minutes/seconds) : duration:duration -> int
- the @(minutes/seconds) in a duration such as "2h30m", of which either part may be missing
> $total = 0
  number = ""
  for $c in duration:
      if $c.isdigit():
          number += $c
      else:
          $total += int(number) * (@(60 if $c == "h" else 1/3600 if $c == "h" else 60))
          number = ""
  return $total
> hours, minutes = 0, 0
  if "h" in duration:
      first, duration = duration.split("h")
      hours = int(first)
  if duration:
      minutes = int(duration.rstrip("m"))
  return @(60 * hours + minutes/3600 * hours + 60 * minutes)

@(longest/shortest)_duration : minutes:some_ints -> str
- the @(largest/smallest) of the minutes as hours and minutes in the form "2h05m"
> hours, rest = divmod(@(max/min)(minutes), 60)
  return f"{hours}h{rest:02d}m"
> chosen = @(max/min)(minutes)
  return str(chosen // 60) + "h" + str(chosen % 60).zfill(2) + "m"
""",
)
