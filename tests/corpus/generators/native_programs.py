"""Programs in Ruby, Perl, Lua, Tcl, Elixir, Go, Rust, Java and C++ that really crash.

Needs Debian's ruby, perl, lua5.4, tcl, elixir, golang-go, default-jdk and g++, and a Rust compiler.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import dressing as d
from dressing import Dressing, go_json, node_json, rails_json
from entries import Answer, Corpus, Failure
from workshop import need, run, write

RUBY = {
    "nil": "class Cart\n  def total(lines)\n    lines.sum { |line| line[:net] * 2 }\n  end\nend\nCart.new.total([{ sku: 'MUG' }])\n",
    "argument": "def ship(order, to:)\nend\nship(4711)\n",
    "key": "RATES = { ch: 8.1 }\ndef rate(land) = RATES.fetch(land)\nrate(:at)\n",
    "frozen": "NAME = 'shop'.freeze\ndef shout! = NAME.upcase!\nshout!\n",
    "json": "require 'json'\nJSON.parse('{oops')\n",
    "open": "File.read('/var/lib/shop/rates.yml')\n",
    "connect": "require 'net/http'\nNet::HTTP.get(URI('http://127.0.0.1:8099/rates'))\n",
}
PERL = {
    "undef": "use strict; use warnings;\nsub total { my $lines = shift; return scalar @{ $lines->{items} }; }\nmy $cart; total($cart->{x});\n",
    "method": "package Cart; sub new { bless {}, shift }\npackage main; Cart->new->totl;\n",
    "confess": "use Carp qw(confess);\nsub rate { confess 'no rate for AT' }\nsub total { rate(@_) }\ntotal(4711, 'AT');\n",
    "require": "use lib '/srv/shop/lib';\nrequire Shop::Tax;\n",
    "open": "open(my $file, '<', '/etc/shop/rates.conf') or die \"cannot read rates: $!\";\n",
}
LUA = {
    "nil": "local function total(cart) return cart.customer.name end\nlocal function show(id) return total({}) end\nshow(4711)\n",
    "arithmetic": "local line = { sku = 'MUG' }\nprint(line.net * 2)\n",
    "module": "local tax = require('shop.tax')\n",
}
TCL = {
    "variable": "proc total {} { return [expr {$net * 2}] }\nputs [total]\n",
    "command": "shop::rate AT\n",
}
ELIXIR = {
    "match": "defmodule Shop.Cart do\n  def total(id) do\n    {:ok, cart} = find(id)\n    cart\n  end\n  defp find(_), do: {:error, :not_found}\nend\nShop.Cart.total(4711)\n",
    "clause": "defmodule Shop.Tax do\n  def rate(:ch), do: 8.1\nend\nShop.Tax.rate(:at)\n",
    "key": 'cart = %{sku: "MUG"}\nIO.puts(cart.net)\n',
    "arithmetic": "lines = [%{net: nil}]\nEnum.map(lines, fn line -> line.net * 2 end)\n",
    "exit": "Task.await(Task.async(fn -> Process.sleep(500) end), 50)\n",
}
GO = {
    "nil": "type Customer struct{ Name string }\nfunc show(c *Customer) string { return c.Name }\nfunc main() { fmt.Println(show(nil)) }\n",
    "index": "func total(lines []int) int { return lines[3] }\nfunc main() { fmt.Println(total([]int{1, 2, 3})) }\n",
    "map": "func main() { var seen map[string]int; seen[fmt.Sprint(4711)] = 1 }\n",
    "custom": 'func main() { defer fmt.Println("closing"); panic(fmt.Errorf("load rates: %w", fmt.Errorf("no rate for AT"))) }\n',
}
RUST = {
    "unwrap": 'use std::collections::HashMap;\nfn rate(land: &str) -> f64 { *HashMap::from([("ch", 8.1)]).get(land).unwrap() }\nfn main() { println!("{}", rate("at")); }\n',
    "parse": 'fn main() { let n: i32 = std::env::args().last().unwrap().parse().expect("quantity"); println!("{n}"); }\n',
    "index": 'fn main() { let lines = vec![1, 2, 3]; let at = std::env::args().count() + 4; println!("{}", lines[at]); }\n',
    "file": 'fn main() { std::fs::read_to_string("/etc/shop/rates.toml").unwrap(); }\n',
}
JAVA = {
    "null": "record Customer(String name) {} record Order(Customer customer) {}\nstatic int length(Order order) { return order.customer().name().length(); }\npublic static void main(String[] a) { length(new Order(null)); }",
    "cause": 'static void load() { try { Integer.parseInt("ten"); } catch (NumberFormatException e) { throw new IllegalStateException("cannot load rates", e); } }\npublic static void main(String[] a) { load(); }',
    "cast": 'public static void main(String[] a) { Object total = "8"; System.out.println((Integer) total); }',
    "index": "public static void main(String[] a) { java.util.List.of(1, 2, 3).get(3); }",
    "connect": 'public static void main(String[] a) throws Exception { new java.net.Socket("127.0.0.1", 8099); }',
}
CPP = {
    "range": "#include <vector>\nint total(const std::vector<int>& lines) { return lines.at(3); }\nint main() { return total({1, 2, 3}); }\n",
    "throw": '#include <stdexcept>\nint main() { throw std::runtime_error("no rate for AT"); }\n',
    "assert": '#include <cassert>\nint total(int lines) { assert(lines > 0 && "cart is empty"); return lines; }\nint main(int n, char**) { return total(n - 1); }\n',
    "free": "#include <cstdlib>\nint main() { void* p = malloc(16); free(p); free(p); }\n",
    "asan": "#include <cstdlib>\nint total(int* lines) { return lines[0]; }\nint main() { int* p = (int*)malloc(16); free(p); return total(p); }\n",
    "backtrace": "#include <execinfo.h>\nint total() { void* at[9]; backtrace_symbols_fd(at, backtrace(at, 9), 2); return 1; }\nint main() { return total(); }\n",
}


def said(language: str, name: str, command: list[str], **variables: str) -> Failure:
    """Return what a program wrote to standard error before it ended."""
    text = run(command, **variables).stderr.strip()
    if not text:
        raise LookupError(f"{language} {name} did not fail")
    first = next(line for line in text.splitlines() if any(map(str.isalpha, line)))
    return Failure(f"{language}-{name}", message=first.strip(), trace=text)


def scripts(language: str, ending: str, command: list[str], cases: dict[str, str]) -> list[Failure]:
    """Run each case as a script."""
    told = []
    for name, text in cases.items():
        write({f"lib/{name}.{ending}": text})
        told.append(said(language, name, [*command, f"/srv/shop/lib/{name}.{ending}"]))
    return told


def compiled() -> list[Failure]:
    """Compile and run the cases in Go, Rust, Java and C++."""
    told = []
    for name, text in GO.items():
        write({f"cmd/{name}/main.go": f'package main\n\nimport "fmt"\n\n{text}'})
        run(["go", "build", "-o", f"/srv/shop/bin/{name}", f"/srv/shop/cmd/{name}/main.go"])
        told.append(said("go", name, [f"/srv/shop/bin/{name}"]))
    for name, text in RUST.items():
        write({f"src/{name}.rs": text})
        # A Rust compiler of rustup looks for itself in the home directory.
        run(["rustc", "-g", "-o", f"/srv/shop/bin/rs-{name}", f"/srv/shop/src/{name}.rs"], RUSTUP_HOME=str(Path.home() / ".rustup"))  # fmt: skip
        told.append(said("rust", name, [f"/srv/shop/bin/rs-{name}", "ten"], RUST_BACKTRACE="1"))
    for name, text in JAVA.items():
        top = name.capitalize() + "Case"
        write({f"java/{top}.java": f"public class {top} {{\n{text}\n}}\n"})
        told.append(said("java", name, ["java", f"/srv/shop/java/{top}.java"]))
    for name, text in CPP.items():
        write({f"cpp/{name}.cpp": text})
        flags = ["-fsanitize=address"] if name == "asan" else []
        run(["g++", "-g", "-w", *flags, "-rdynamic", "-o", f"/srv/shop/bin/c-{name}", f"/srv/shop/cpp/{name}.cpp"])  # fmt: skip
        told.append(said("cpp", name, [f"/srv/shop/bin/c-{name}"], ASAN_OPTIONS="color=never"))
    return told


def dressed(failures: list[Failure]) -> dict[str, tuple[str, int, Callable[[Failure], Answer]]]:
    """Dress the traces in turn as many kinds of API do."""
    node, go, rails = Dressing(node_json), Dressing(go_json), Dressing(rails_json)
    turns: list[Callable[[Failure], Answer]] = [
        lambda f: d.plain(f.trace),
        lambda f: node.stack(f.message, f.trace),
        lambda f: d.html_pre(f.trace),
        lambda f: go.error(f.message),
        lambda f: rails.stack_lines(f.message, f.trace),
        lambda f: d.soap(f.trace),
        lambda f: d.base64_field(f.trace, "stack_base64"),
        lambda f: d.utf16(d.plain(f.trace.encode("ascii", "ignore").decode())),
        lambda f: node.proxied("pricing", f.message),
    ]
    return {
        failure.name: ("stack_trace", 500, turns[number % len(turns)])
        for number, failure in enumerate(failures)
    }


def main() -> None:
    need("ruby", "perl", "lua5.4", "tclsh", "elixir", "go", "rustc", "java", "g++")
    write({"bin/.keep": ""})
    failures = [
        *scripts("ruby", "rb", ["ruby"], RUBY),
        *scripts("perl", "pl", ["perl"], PERL),
        *scripts("lua", "lua", ["lua5.4"], LUA),
        *scripts("tcl", "tcl", ["tclsh"], TCL),
        *scripts("elixir", "exs", ["elixir"], ELIXIR),
        *compiled(),
    ]
    corpus = Corpus("native", "run", "A program of Debian 12's compilers and interpreters")
    corpus.add_failures(failures, dressed(failures))
    corpus.print()


if __name__ == "__main__":
    main()
