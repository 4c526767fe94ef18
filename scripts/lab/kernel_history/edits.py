"""Changes that alter no behaviour: each reads one source file and gives its new text, or None when the file
offers no place for it. Text is latin-1, so that every byte survives."""

import re

# What a commit message says about a rewrite: (subject, body). {stem} is the file's name.
_RULES = [
    (re.compile(r"\bif \((\w+) == NULL\)"), r"if (!\1)", "{stem}: use the usual form of NULL checks",
     "The rest of the directory tests pointers by their truth value."),
    (re.compile(r"\bwhile \(1\)"), "for (;;)", "{stem}: write endless loops as for (;;)", ""),
    (re.compile(r"\bunsigned (?=(?!int|long|short|char|__)[a-z_]+( =|;|,|\)))"), "unsigned int ",
     "{stem}: prefer 'unsigned int' to bare 'unsigned'", "Reported by a style check. No functional change."),
    (re.compile(r"\bin order to\b"), "to", "{stem}: shorten comments", ""),
    (re.compile(r"\bcan not\b"), "cannot", "{stem}: fix spelling in comments", ""),
    (re.compile(r"\bprintk\(KERN_WARNING (?=\")"), "pr_warn(", "{stem}: use pr_warn()", ""),
    (re.compile(r"\bprintk\(KERN_ERR (?=\")"), "pr_err(", "{stem}: use pr_err()", ""),
    (re.compile(r"\bprintk\(KERN_INFO (?=\")"), "pr_info(", "{stem}: use pr_info()", ""),
    (re.compile(r"(\bpr_(?:info|warn|err)\(\"[^\"\n]*\w)\.(?=\\n\")"), r"\1",
     "{stem}: messages do not end in a full stop", ""),
    (re.compile(r"\bif \(!(skb|page|folio|inode|sk|dev|net|priv|nskb|dentry)\)(?=\n)"), r"if (unlikely(!\1))",
     "{stem}: mark failures as unlikely", "Moves the error paths out of the hot code."),
    (re.compile(r"\bif \((err|ret|error|rc) < 0\)(?=\n)"), r"if (unlikely(\1 < 0))",
     "{stem}: mark failures as unlikely", "Moves the error paths out of the hot code."),
    (re.compile(r"\bif \((err|ret|error|rc)\)(?=\n\t+(?:goto|return) )"), r"if (unlikely(\1))",
     "{stem}: keep error paths out of line", ""),
    (re.compile(r"((?:\bpr_\w+|\bdev_(?:err|warn|info)|printk)\([^\"\n]*\"[^\"\n]*)\b(?:unable|failed) to (?=[a-z])"),
     r"\1cannot ", "{stem}: say 'cannot' in messages", ""),
    (re.compile(r"\breturn ([\w>.-]+) \? true : false;"), r"return !!\1;", "{stem}: simplify return of a truth value", ""),
]
# Words inside user-visible strings stay as they are; only these rules are about comments.
_COMMENT_RULES = {r"\bin order to\b", r"\bcan not\b"}

_STATIC_FUNCTION = re.compile(r"(?<=\n\n)static (?:int|void|bool|long|unsigned int) (\w+)\([^;{}]*\)\n\{", re.S)
_FUNCTION = re.compile(r"\n(?:static )?(?:inline )?(?:[\w *]+?[ *])(\w+)\([^;{}]*\)\n\{(.*?)\n\}", re.S)

_HELPERS = [
    ("{p}_round8", "Rounds up to whole words of the hardware.",
     "static inline unsigned int {n}(unsigned int size)\n{{\n\treturn (size + 7) & ~7U;\n}}\n"),
    ("{p}_percent", "How much of a limit is used, in per cent.",
     "static inline unsigned int {n}(unsigned int used, unsigned int limit)\n"
     "{{\n\treturn limit ? used * 100 / limit : 0;\n}}\n"),
    ("{p}_distance", "Distance of two free-running counters.",
     "static inline unsigned int {n}(unsigned int from, unsigned int to)\n{{\n\treturn to - from;\n}}\n"),
    ("{p}_is_single", "Is exactly one bit of the mask set?",
     "static inline int {n}(unsigned long mask)\n{{\n\treturn mask && !(mask & (mask - 1));\n}}\n"),
]


def stem(path):
    name = path.rpartition("/")[2]
    return name.rpartition(".")[0]


def _in_comment(text, position):
    line = text[text.rfind("\n", 0, position) + 1:position].lstrip()
    return line.startswith(("*", "/*"))


def _rewrite(text, rule, rng):
    pattern, replacement = rule[0], rule[1]
    places = [m for m in pattern.finditer(text)
              if _in_comment(text, m.start()) == (pattern.pattern in _COMMENT_RULES)]
    if not places:
        return None
    first = rng.randrange(len(places))
    for match in reversed(places[first:first + 4]):
        text = text[:match.start()] + match.expand(replacement) + text[match.end():]
    return text


def rewrite_one(path, text, rng):
    """One of the textual rules, in a random order, applied at up to four places."""
    for rule in rng.sample(_RULES, len(_RULES)):
        new = _rewrite(text, rule, rng)
        if new is not None and new != text:
            return new, rule[2].format(stem=stem(path)), rule[3]
    return None


def comment_on_caller(path, text, rng):
    """Says above a static function who its only caller is."""
    places = [m for m in _STATIC_FUNCTION.finditer(text)
              if len(re.findall(rf"\b{m.group(1)}\b", text)) == 2]
    rng.shuffle(places)
    for match in places[:8]:
        name = match.group(1)
        for caller in _FUNCTION.finditer(text):
            if caller.group(1) != name and re.search(rf"\b{name}\(", caller.group(2)):
                note = f"/* Only called by {caller.group(1)}(). */\n"
                new = text[:match.start()] + note + text[match.start():]
                return new, f"{stem(path)}: say who calls {name}()", ""
    return None


def _end_of_includes(text):
    """Offset behind the leading block of #include lines; None when conditionals make it unclear."""
    end, offset, comment = None, 0, False
    for line in text.splitlines(keepends=True):
        offset += len(line)
        bare = line.strip()
        if comment or bare.startswith("/*"):
            comment = "*/" not in bare
        elif bare.startswith("#include"):
            end = offset
        elif bare.startswith("#if"):
            break
        elif bare and not bare.startswith(("#define", "#undef", "//")):
            break
    return end


def _identifier(path):
    name = re.sub(r"\W", "_", stem(path)).lower()
    return name if name[0].isalpha() else "c" + name


def add_helper(path, text, rng):
    """An inline helper that a later change may use."""
    end = _end_of_includes(text)
    name, says, code = rng.choice(_HELPERS)
    name = name.format(p=_identifier(path))
    if end is None or name in text:
        return None
    new = text[:end] + f"\n/* {says} */\n" + code.format(n=name) + text[end:]
    return new, f"{stem(path)}: add {name}()", "To be used by the next series."


def add_header_helper(path, text, rng):
    """The same in a header, before the end of its include guard: everything that includes it is rebuilt."""
    guard = text.rfind("#endif")
    name, says, code = rng.choice(_HELPERS)
    name = name.format(p=_identifier(path))
    if guard < 0 or name in text:
        return None
    new = text[:guard] + f"/* {says} */\n" + code.format(n=name) + "\n" + text[guard:]
    return new, f"{stem(path)}.h: add {name}()", "Several users have their own copy of this."


def tidy_help(path, text, rng):
    """Help texts and documents: 'choose' for 'say', one space after a full stop."""
    places = [m for m in re.finditer(r"(?<=[a-z])\.  (?=[A-Z])", text)]
    if not places:
        return None
    for match in reversed(places[:20]):
        text = text[:match.start()] + ". " + text[match.end():]
    return text, f"{stem(path) or path}: one space between sentences", ""
