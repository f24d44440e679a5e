"""The last steps of pipelines: orders of values, and ends. `{j}`, `{k}`, `{sep}` are constants."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Order:
    """A step that puts values in order or cuts them: its name, words around the values, code around their list."""

    name: str
    words: str
    code: str


@dataclasses.dataclass(frozen=True)
class End:
    """How a pipeline ends: name, words, code over the values' list, and the loop that does the same, if there is one.

    `verbs` begin names that say less than the whole: "total" in `total_scores`.
    """

    name: str
    verbs: str
    words: str
    code: str
    returns: str
    start: str = ""
    update: str = ""


ORDERS = (
    Order("ascending", "{}, in ascending order", "sorted({})"),
    Order("descending", "{}, in descending order", "sorted({}, reverse=True)"),
    Order("reversed", "{}, in reverse order", "{}[::-1]"),
    Order("distinct", "the different ones among {}, in ascending order", "sorted(set({}))"),
    Order("first_{j}", "the first {j} of {}", "{}[:{j}]"),
    Order("last_{j}", "the last {j} of {}", "{}[-{j}:]"),
    Order("largest_{j}", "the {j} largest of {}, in ascending order", "sorted({})[-{j}:]"),
    Order("smallest_{j}", "the {j} smallest of {}, in ascending order", "sorted({})[:{j}]"),
    Order("every_second", "every second one of {}, beginning with the first", "{}[::2]"),
    Order("without_first", "{}, without the first one", "{}[1:]"),
    Order("without_last", "{}, without the last one", "{}[:-1]"),
)
NUMBER_ENDS = (
    End("sum", "sum total add_up", "the sum of {}", "sum({})", "int", "0", "{t} += {v}"),
    End(
        "product",
        "product_of multiply",
        "the product of {} (1 if there are none)",
        "",
        "int",
        "1",
        "{t} *= {v}",
    ),
    End(
        "count_distinct",
        "count_distinct count_unique",
        "the number of different values among {}",
        "len(set({}))",
        "int",
    ),
    End(
        "largest",
        "max_of largest_of highest_of",
        "the largest of {}, or 0 if there are none",
        "max({}, default=0)",
        "int",
    ),
    End(
        "smallest",
        "min_of smallest_of lowest_of",
        "the smallest of {}, or 0 if there are none",
        "min({}, default=0)",
        "int",
    ),
    End(
        "spread",
        "spread_of range_of",
        "the largest minus the smallest of {}, or 0 if there are none",
        "max({0}, default=0) - min({0}, default=0)",
        "int",
    ),
    End(
        "text",
        "join format show",
        'a string of {}, separated by "{sep}"',
        '"{sep}".join(str(v) for v in {})',
        "str",
    ),
    End(
        "any_above_{k}",
        "any_above_{k}_in check has_large",
        "? any of {} is greater than {k}",
        "any(v > {k} for v in {})",
        "bool",
    ),
    End(
        "all_below_{k}",
        "all_below_{k}_in check are_small",
        "? all of {} are less than {k}",
        "all(v < {k} for v in {})",
        "bool",
    ),
    End(
        "sum_above_{k}",
        "check sum_exceeds_{k}_for",
        "? the sum of {} is greater than {k}",
        "sum({}) > {k}",
        "bool",
    ),
    End("list", "get collect list convert process", "a list of {}", "", "list[int]", "[]", "{t}.append({v})"),
    End("list", "get collect list convert process", "a list of {}", "", "list[int]", "[]", "{t}.append({v})"),
    End(
        "mean",
        "mean_of average_of",
        "the mean of {}, or 0 if there are none",
        "sum({0}) / len({0}) if {0} else 0",
        "float",
    ),
    End(
        "first",
        "first_of pick_from",
        "the first of {}, or None if there are none",
        "next(iter({}), None)",
        "int | None",
    ),
)
WORD_ENDS = (
    End("text", "join format show", 'one string of {}, separated by "{sep}"', '"{sep}".join({})', "str"),
    End(
        "text",
        "join format show",
        "one string of {}, with nothing between them",
        '"".join({})',
        "str",
        '""',
        "{t} += {v}",
    ),
    End("list", "get collect list convert process", "a list of {}", "", "list[str]", "[]", "{t}.append({v})"),
    End("list", "get collect list convert process", "a list of {}", "", "list[str]", "[]", "{t}.append({v})"),
    End(
        "total_length",
        "total_length_of count_characters_in",
        "the total number of characters in {}",
        "sum(len(v) for v in {})",
        "int",
        "0",
        "{t} += len({v})",
    ),
    End(
        "count_distinct",
        "count_distinct count_unique",
        "the number of different strings among {}",
        "len(set({}))",
        "int",
    ),
    End(
        "longest",
        "longest_of longest_among",
        "the longest of {}; the first of several, an empty string if there are none",
        'max({}, key=len, default="")',
        "str",
    ),
    End(
        "shortest",
        "shortest_of shortest_among",
        "the shortest of {}; the first of several, an empty string if there are none",
        'min({}, key=len, default="")',
        "str",
    ),
    End(
        "lengths",
        "lengths_of measure",
        "a list of the lengths of {}",
        "[len(v) for v in {}]",
        "list[int]",
        "[]",
        "{t}.append(len({v}))",
    ),
    End(
        "initials",
        "initials_of abbreviate",
        "one string of the first characters of {}",
        '"".join(v[:1] for v in {})',
        "str",
        '""',
        "{t} += {v}[:1]",
    ),
    End(
        "any_longer_than_{k}",
        "has_long check",
        "? any of {} has more than {k} characters",
        "any(len(v) > {k} for v in {})",
        "bool",
    ),
    End(
        "length_by_text",
        "lengths_of measure map",
        "a dictionary from {} to their lengths",
        "{{v: len(v) for v in {}}}",
        "dict[str, int]",
    ),
)
