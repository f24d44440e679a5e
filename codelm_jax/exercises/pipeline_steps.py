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
    """How a pipeline ends: name, words, code over the values' list, and the loop that does the same, if there is one."""

    name: str
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
    Order("without_first", "all of {} but the first", "{}[1:]"),
    Order("without_last", "all of {} but the last", "{}[:-1]"),
)
NUMBER_ENDS = (
    End("sum", "the sum of {}", "sum({})", "int", "0", "{t} += {v}"),
    End("product", "the product of {} (1 if there are none)", "", "int", "1", "{t} *= {v}"),
    End("count_distinct", "the number of different values among {}", "len(set({}))", "int"),
    End("largest", "the largest of {}, or 0 if there are none", "max({}, default=0)", "int"),
    End("smallest", "the smallest of {}, or 0 if there are none", "min({}, default=0)", "int"),
    End(
        "spread",
        "the largest minus the smallest of {}, or 0 if there are none",
        "max({0}, default=0) - min({0}, default=0)",
        "int",
    ),
    End("text", 'a string of {}, separated by "{sep}"', '"{sep}".join(str(v) for v in {})', "str"),
    End("any_above_{k}", "? any of {} is greater than {k}", "any(v > {k} for v in {})", "bool"),
    End("all_below_{k}", "? all of {} are less than {k}", "all(v < {k} for v in {})", "bool"),
    End("sum_above_{k}", "? the sum of {} is greater than {k}", "sum({}) > {k}", "bool"),
    End("list", "a list of {}", "", "list[int]", "[]", "{t}.append({v})"),
    End("list", "a list of {}", "", "list[int]", "[]", "{t}.append({v})"),
    End("mean", "the mean of {}, or 0 if there are none", "sum({0}) / len({0}) if {0} else 0", "float"),
    End("first", "the first of {}, or None if there are none", "next(iter({}), None)", "int | None"),
)
WORD_ENDS = (
    End("text", 'one string of {}, separated by "{sep}"', '"{sep}".join({})', "str"),
    End("text", "one string of {}, with nothing between them", '"".join({})', "str", '""', "{t} += {v}"),
    End("list", "a list of {}", "", "list[str]", "[]", "{t}.append({v})"),
    End("list", "a list of {}", "", "list[str]", "[]", "{t}.append({v})"),
    End(
        "total_length",
        "the total number of characters in {}",
        "sum(len(v) for v in {})",
        "int",
        "0",
        "{t} += len({v})",
    ),
    End("count_distinct", "the number of different strings among {}", "len(set({}))", "int"),
    End(
        "longest",
        "the longest of {}; the first of several, an empty string if there are none",
        'max({}, key=len, default="")',
        "str",
    ),
    End(
        "shortest",
        "the shortest of {}; the first of several, an empty string if there are none",
        'min({}, key=len, default="")',
        "str",
    ),
    End(
        "lengths",
        "a list of the lengths of {}",
        "[len(v) for v in {}]",
        "list[int]",
        "[]",
        "{t}.append(len({v}))",
    ),
    End(
        "initials",
        "one string of the first characters of {}",
        '"".join(v[:1] for v in {})',
        "str",
        '""',
        "{t} += {v}[:1]",
    ),
    End(
        "any_longer_than_{k}",
        "? any of {} has more than {k} characters",
        "any(len(v) > {k} for v in {})",
        "bool",
    ),
    End(
        "length_by_text",
        "a dictionary from {} to their lengths",
        "{{v: len(v) for v in {}}}",
        "dict[str, int]",
    ),
)
