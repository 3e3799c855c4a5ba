"""PHP's own errors, PDO, Doctrine, Guzzle, Twig, Symfony's and Laravel's debug answers."""

from __future__ import annotations

import dressing as d
from dressing import HTML, Dressing, php_json
from entries import Answer, Corpus
from workshop import Fetched, failures, need, need_port, serve, write

NATIVE = r"""<?php
// Each case breaks in its own way; PHP itself answers.
class Cart { public int $total = 0; public function add(string $sku, int $quantity): void { $this->total += price($sku) * $quantity; } }
function price(string $sku) { $table = ['MUG-01' => 320]; return $table[$sku]; }
switch ($_GET['case'] ?? '') {
case 'warning': echo json_encode(['total' => price('TEA-17')]); break;
case 'fatal': (new Cart)->add('MUG-01', 'two'); break;
case 'undefined-function': mysql_connect('localhost'); break;
case 'null-method': $customer = null; $customer->getEmail(); break;
case 'include': require 'config/database.php'; break;
case 'include-warning': include '/srv/shop/lang/de.php'; echo 'Welcome'; break;
case 'division': intdiv(4, 0); break;
case 'match': echo match ($_GET['state'] ?? 'gone') { 'new' => 1, 'paid' => 2 }; break;
case 'memory': ini_set('memory_limit', '4M'); str_repeat('x', 9000000); break;
case 'time': set_time_limit(1); while (true) { } break;
case 'exception': throw new RuntimeException('Could not load basket 4711', 12, new LogicException('no such basket'));
case 'deprecated': error_reporting(E_ALL); echo strlen(null); session_start(); header('X-A: b'); setcookie('a', 'b'); break;
case 'array': $order = 'x'; foreach ($order as $line) {} echo $order['sku']; break;
case 'fopen': $f = fopen('/var/lib/shop/exports/2026-01.csv', 'w'); fputcsv($f, [1]); break;
case 'unserialize': unserialize('O:4:"Cart":1:{s:'); break;
case 'typed': $cart = new Cart; $cart->total = 'many'; break;
case 'abstract': new ArrayAccess; break;
case 'json': json_decode('{oops', flags: JSON_THROW_ON_ERROR); break;
case 'date': new DateTime('31.31.2026 nope'); break;
case 'xml': new SimpleXMLElement('<order><line></order>'); break;
case 'dump': var_dump(['dsn' => 'mysql:host=10.20.3.14;dbname=shop', 'user' => 'shop', 'cart' => new Cart]); break;
case 'info': phpinfo(INFO_GENERAL | INFO_CONFIGURATION); break;
case 'print-r': echo '<pre>'; debug_print_backtrace(); print_r(new ErrorException('cart is locked', 3, 1, '/srv/shop/src/Cart.php', 88)); break;
case 'parse': eval('$total = ;'); break;
case 'file-get': echo file_get_contents('http://pricing.internal:8080/quote'); break;
case 'mysqli': mysqli_report(MYSQLI_REPORT_OFF); $db = mysqli_connect('127.0.0.1', 'shop_web', 'x', 'shop'); echo mysqli_error($db); break;
case 'pg': $db = pg_connect('host=127.0.0.1 port=5439 dbname=shop'); pg_query($db, 'SELECT 1'); break;
case 'session': ini_set('session.save_path', '/var/lib/shop/sessions'); session_start(); break;
}
"""

CAUGHT = r"""<?php
// Each case throws; the text is handed to the client by this front controller.
error_reporting(E_ALL & ~E_DEPRECATED); ini_set('display_errors', '0');
spl_autoload_register(function ($name) {
    foreach (['/usr/share/php/'] as $root) { $file = $root . strtr($name, '\\', '/') . '.php'; if (is_file($file)) { require $file; return; } }
});
foreach (['Doctrine/DBAL/autoload.php', 'Doctrine/ORM/autoload.php', 'GuzzleHttp/autoload.php', 'Twig/autoload.php', 'Predis/autoload.php', 'Symfony/Component/Serializer/autoload.php', 'Symfony/Component/Validator/autoload.php', 'Illuminate/autoload.php'] as $file) { if (is_file('/usr/share/php/' . $file)) require_once '/usr/share/php/' . $file; }
function pdo(string $dsn, string $user = 'root') { return new PDO($dsn, $user, '', [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION, PDO::ATTR_EMULATE_PREPARES => false]); }
function eloquent() {
    $capsule = new Illuminate\Database\Capsule\Manager;
    $capsule->addConnection(['driver' => 'sqlite', 'database' => ':memory:']);
    $capsule->setAsGlobal(); $capsule->bootEloquent();
    return $capsule;
}
class Voucher extends Illuminate\Database\Eloquent\Model { protected $fillable = ['code']; }
$cases = [
    'pdo-pg-table' => fn() => pdo('pgsql:host=127.0.0.1;dbname=postgres', 'postgres')->query('SELECT * FROM vouchers WHERE code = \'A\''),
    'pdo-mysql' => fn() => pdo('mysql:host=127.0.0.1;port=3308;dbname=shop'),
    'pdo-mysql-denied' => fn() => pdo('mysql:host=127.0.0.1;dbname=shop', 'shop_cron'),
    'pdo-mysql-parameter' => fn() => pdo('mysql:host=127.0.0.1')->prepare('SELECT ? + ?')->execute([1]),
    'pdo-mysql-column' => fn() => pdo('mysql:host=127.0.0.1')->query('SELECT user_nme FROM mysql.user'),
    'pdo-sqlite' => fn() => pdo('sqlite:/srv/shop/var/vouchers.db'),
    'pdo-sqlite-table' => fn() => pdo('sqlite::memory:')->query('SELECT * FROM vouchers'),
    'pdo-driver' => fn() => pdo('sqlsrv:Server=sql01;Database=Shop'),
    'mysqli-throw' => fn() => (function () { mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT); (new mysqli('127.0.0.1', 'root', ''))->query('SELECT * FROM shop_orders.invoices'); })(),
    'doctrine-table' => fn() => Doctrine\DBAL\DriverManager::getConnection(['url' => 'sqlite:///:memory:'])->fetchOne('SELECT code FROM vouchers WHERE id = ?', [3]),
    'doctrine-url' => fn() => Doctrine\DBAL\DriverManager::getConnection(['driver' => 'pdo_pqsql'])->connect(),
    'doctrine-unique' => fn() => (function () { $c = Doctrine\DBAL\DriverManager::getConnection(['url' => 'sqlite:///:memory:']); $c->executeStatement('CREATE TABLE v (code TEXT UNIQUE)'); $c->insert('v', ['code' => 'A']); $c->insert('v', ['code' => 'A']); })(),
    'eloquent-query' => fn() => eloquent()->table('vouchers')->where('code', 'A')->first(),
    'eloquent-not-found' => fn() => (function () { eloquent()->schema()->create('vouchers', fn($t) => $t->increments('id')); Voucher::findOrFail(17); })(),
    'eloquent-mass' => fn() => (function () { eloquent(); class_exists('Guarded') || eval('class Guarded extends Illuminate\Database\Eloquent\Model {}'); new Guarded(['code' => 'A']); })(),
    'eloquent-relation' => fn() => (function () { eloquent()->schema()->create('vouchers', fn($t) => $t->increments('id')); Voucher::query()->insert(['id' => 1]); Voucher::with('redemptions')->get(); })(),
    'eloquent-method' => fn() => (function () { eloquent(); Voucher::wherCode('A')->ferst(); })(),
    'container' => fn() => (new Illuminate\Container\Container)->make('App\Services\TaxService'),
    'container-interface' => fn() => (new Illuminate\Container\Container)->make('Psr\Log\LoggerInterface'),
    'guzzle-refused' => fn() => (new GuzzleHttp\Client)->get('http://127.0.0.1:8099/v1/quote'),
    'guzzle-status' => fn() => (new GuzzleHttp\Client)->get('http://127.0.0.1:8473/laravel.php/missing', ['headers' => ['Accept' => 'application/json']]),
    'twig-syntax' => fn() => (new Twig\Environment(new Twig\Loader\ArrayLoader(['receipt.html.twig' => "{% if order %}\n{{ order.total }"])))->render('receipt.html.twig'),
    'twig-variable' => fn() => (new Twig\Environment(new Twig\Loader\ArrayLoader(['receipt.html.twig' => '{{ order.total }}']), ['strict_variables' => true]))->render('receipt.html.twig'),
    'twig-loader' => fn() => (new Twig\Environment(new Twig\Loader\FilesystemLoader('/srv/shop')))->render('mail/receipt.html.twig'),
    'predis' => fn() => (new Predis\Client('tcp://127.0.0.1:6399'))->get('cart'),
    'predis-type' => fn() => (function () { $r = new Predis\Client(['database' => 9]); $r->set('corpus:php', 'x'); $r->expire('corpus:php', 5); $r->lpush('corpus:php', ['a']); })(),
    'serializer' => fn() => (new Symfony\Component\Serializer\Serializer([new Symfony\Component\Serializer\Normalizer\ObjectNormalizer], [new Symfony\Component\Serializer\Encoder\JsonEncoder]))->deserialize('{"price": }', 'Voucher', 'json'),
    'type-error' => fn() => strlen([]),
    'argument-count' => fn() => (function (string $a, int $b) {})('x'),
    'value-error' => fn() => array_combine([1, 2], [1]),
    'property' => fn() => (function () { $order = new class { private int $total = 3; }; return $order->total; })(),
    'enum' => fn() => (function () { class_exists('State') || enum_exists('State') || eval('enum State: string { case New = "new"; }'); State::from('gone'); })(),
    'readonly' => fn() => (function () { class_exists('Price') || eval('class Price { public function __construct(public readonly int $net) {} }'); $p = new Price(3); $p->net = 4; })(),
    'class' => fn() => new App\Payments\StripeGateway(),
    'regex' => fn() => preg_match('/(/', 'x') !== false ?: throw new ErrorException(error_get_last()['message']),
];
foreach ($cases as $name => $case) {
    try {
        $case();
    } catch (Throwable $e) {
        echo json_encode(['name' => $name, 'type' => get_class($e), 'message' => $e->getMessage(), 'trace' => (string) $e], JSON_INVALID_UTF8_SUBSTITUTE), "\n";
    }
}
"""

SYMFONY = r"""<?php
require '/usr/share/php/Symfony/Component/ErrorHandler/autoload.php';
require '/usr/share/php/Symfony/Component/HttpKernel/autoload.php';
class InvoiceRepository { function find(int $id) { throw new DomainException("Invoice $id has no lines", 0, new OutOfBoundsException('Undefined offset: 0')); } }
if ($_GET['form'] === 'json') {
    require '/usr/share/php/Symfony/Component/Serializer/autoload.php';
    $serializer = new Symfony\Component\Serializer\Serializer([new Symfony\Component\Serializer\Normalizer\ProblemNormalizer(true)], [new Symfony\Component\Serializer\Encoder\JsonEncoder, new Symfony\Component\Serializer\Encoder\XmlEncoder]);
    try { (new InvoiceRepository)->find(4711); } catch (Throwable $e) {
        $flat = Symfony\Component\ErrorHandler\Exception\FlattenException::createFromThrowable($e);
        $format = $_GET['as'] ?? 'json';
        http_response_code(500); header("Content-Type: application/$format");
        echo $serializer->serialize($flat, $format, ['exception' => $e, 'debug' => true]);
    }
    return;
}
Symfony\Component\ErrorHandler\Debug::enable();
if ($_GET['form'] === 'class') { new App\Entity\Invoise(); }
if ($_GET['form'] === 'method') { (new InvoiceRepository)->fnd(1); }
(new InvoiceRepository)->find(4711);
"""

LARAVEL = r"""<?php
error_reporting(E_ALL & ~E_DEPRECATED);
require '/usr/share/php/Illuminate/autoload.php';
$app = new Illuminate\Foundation\Application('/srv/shop');
$app->instance('config', new Illuminate\Config\Repository(['app' => ['debug' => true, 'env' => 'local', 'name' => 'Shop', 'url' => 'http://shop.example'], 'view' => ['paths' => ['/srv/shop/resources/views'], 'compiled' => '/srv/shop/storage'], 'logging' => ['default' => 'null', 'channels' => ['null' => ['driver' => 'monolog', 'handler' => Monolog\Handler\NullHandler::class]]]]));
$app->singleton('files', fn() => new Illuminate\Filesystem\Filesystem);
$app->register(Illuminate\View\ViewServiceProvider::class);
$app->instance(Psr\Log\LoggerInterface::class, new Psr\Log\NullLogger);
Illuminate\Support\Facades\Facade::setFacadeApplication($app);
$app->singleton(Illuminate\Contracts\Routing\ResponseFactory::class, fn($app) => new Illuminate\Routing\ResponseFactory($app['view'], new Illuminate\Routing\Redirector(new Illuminate\Routing\UrlGenerator(new Illuminate\Routing\RouteCollection, Illuminate\Http\Request::capture()))));
$handler = new Illuminate\Foundation\Exceptions\Handler($app);
$request = Illuminate\Http\Request::capture();
$app->instance('request', $request);
class OrderController { function show($id) { return $this->total(collect([['net' => 3]])->firstWhere('sku', $id)); } function total(array $line) { return $line['net'] * 1.19; } }
try {
    $router = new Illuminate\Routing\Router(new Illuminate\Events\Dispatcher($app), $app);
    $router->get('/orders/{id}', 'OrderController@show');
    $router->post('/orders', 'OrderController@show');
    $router->get('/missing', 'BasketController@show');
    $router->dispatch($request)->send();
} catch (Throwable $e) {
    $handler->render($request, $e)->send();
}
"""

PORT = 8473
NATIVE_CASES = {
    "warning": ("stack_trace", ""),
    "fatal": ("stack_trace", ""),
    "undefined-function": ("stack_trace", ""),
    "null-method": ("stack_trace", "html"),
    "include": ("source_path", ""),
    "include-warning": ("source_path", "html"),
    "division": ("stack_trace", ""),
    "match": ("stack_trace", ""),
    "memory": ("source_path", ""),
    "exception": ("stack_trace", "html"),
    "deprecated": ("source_path", ""),
    "array": ("source_path", ""),
    "fopen": ("source_path", ""),
    "unserialize": ("source_path", ""),
    "typed": ("stack_trace", ""),
    "json": ("stack_trace", ""),
    "date": ("stack_trace", ""),
    "xml": ("source_path", "html"),
    "dump": ("infrastructure", ""),
    "info": ("debug_page", "html"),
    "print-r": ("debug_page", ""),
    "parse": ("source_path", ""),
    "file-get": ("infrastructure", ""),
    "mysqli": ("infrastructure", ""),
    "pg": ("infrastructure", ""),
    "session": ("source_path", "html"),
}

j = Dressing(php_json)
CASES = {
    "pdo-pg-table": ("database_error", 500, lambda f: j.message(f.message)),
    "pdo-mysql": ("infrastructure", 500, lambda f: d.plain(f.trace)),
    "pdo-mysql-denied": ("infrastructure", 500, lambda f: d.html_alert(f.message)),
    "pdo-mysql-parameter": ("database_error", 500, lambda f: j.gateway(f.message)),
    "pdo-mysql-column": ("database_error", 500, lambda f: d.location(f.message)),
    "pdo-sqlite": ("database_error", 500, lambda f: j.error(f.message)),
    "pdo-sqlite-table": (
        "database_error",
        500,
        lambda f: d.header_percent("X-Debug-Exception", f.message),
    ),
    "pdo-driver": ("library", 500, lambda f: j.error(f"PDOException: {f.message}")),
    "mysqli-throw": ("stack_trace", 500, lambda f: d.html_pre(f.trace)),
    "doctrine-table": ("database_error", 500, lambda f: j.problem(f.message)),
    "doctrine-url": ("library", 500, lambda f: j.twice_nested(f.message)),
    "doctrine-unique": ("database_error", 500, lambda f: d.html_table(f.message)),
    "eloquent-query": ("database_error", 500, lambda f: j.message(f.message)),
    "eloquent-not-found": ("library", 404, lambda f: j.message(f.message)),
    "eloquent-mass": ("library", 500, lambda f: j.envelope(f.message)),
    "eloquent-relation": ("library", 500, lambda f: d.flash_cookie(f.message)),
    "eloquent-method": ("library", 500, lambda f: j.function(f.message)),
    "container": ("library", 500, lambda f: d.html_pre(f.message)),
    "container-interface": ("library", 500, lambda f: j.proxied("billing", f.message)),
    "guzzle-refused": ("infrastructure", 502, lambda f: j.error(f.message)),
    "guzzle-status": ("stack_trace", 502, lambda f: j.message(f.message)),
    "twig-syntax": ("library", 500, lambda f: d.html_numeric(f"{f.type}: {f.message}")),
    "twig-variable": ("library", 500, lambda f: j.error(f.message)),
    "twig-loader": ("source_path", 500, lambda f: j.error(f.message)),
    "predis": ("infrastructure", 503, lambda f: j.health("redis", f.message)),
    "predis-type": ("stack_trace", 500, lambda f: j.stack_lines(f.message, f.trace)),
    "type-error": ("library", 500, lambda f: d.grpc_message(f"PHP: {f.message}")),
    "argument-count": ("source_path", 500, lambda f: d.location(f.message, "/checkout", "message")),
    "value-error": ("library", 500, lambda f: j.error(f.message)),
    "property": ("library", 500, lambda f: j.event(f.message)),
    "enum": ("library", 400, lambda f: j.error(f.message)),
    "readonly": ("library", 500, lambda f: d.html_attribute(f.message)),
    "class": ("library", 500, lambda f: d.utf16(j.message(f.message))),
    "regex": ("library", 500, lambda f: d.form(f.message)),
}

SOURCES = {
    "pdo": "PHP 8.2, PDO",
    "mysqli": "PHP 8.2, mysqli",
    "doctrine": "Doctrine DBAL 3",
    "eloquent": "Laravel 8, Eloquent",
    "container": "Laravel 8, the container",
    "guzzle": "Guzzle 7",
    "twig": "Twig 3",
    "predis": "Predis 1",
}


def as_given(answer: Fetched) -> Answer:
    """The body as the server gave it."""
    kind = next((v for k, v in answer.headers.items() if k.lower() == "content-type"), HTML)
    if "html" in kind:
        return d.page(answer.body, "html" if "<" in answer.body else "plain")
    for name in ("json", "xml"):
        if name in kind:
            return Answer(answer.body, name, kind)
    return Answer(answer.body, "plain", kind)


if __name__ == "__main__":
    need("php")
    need_port(3306, "MariaDB")
    write(
        {
            "public/index.php": NATIVE,
            "caught.php": CAUGHT,
            "public/symfony.php": SYMFONY,
            "public/laravel.php": LARAVEL,
        }
    )
    corpus = Corpus("php", "run", "PHP 8.2", SOURCES)
    command = [
        "php",
        "-S",
        f"127.0.0.1:{PORT}",
        "-d",
        "display_errors=1",
        "-d",
        "error_reporting=-1",
        "-d",
        "zend.exception_ignore_args=0",
    ]
    html = ["-d", "html_errors=1", "-d", "default_charset=UTF-8", "-t", "public"]
    text = ["-d", "html_errors=0", "-t", "public"]
    with (
        serve([*command, *text], PORT) as server,
        serve(["php", "-S", f"127.0.0.1:{PORT + 1}", *command[3:], *html], PORT + 1) as pages,
    ):
        corpus.add(
            "banner",
            "server_banner",
            200,
            Answer(server.get("/?case=none").header("x-powered-by"), "plain", "", "header"),
            "PHP 8.2's own header",
        )
        for name, (category, form) in NATIVE_CASES.items():
            answer = (pages if form else server).get(f"/?case={name}")
            corpus.add(name, category, answer.status, as_given(answer))
        corpus.add_failures(failures(["php", "caught.php"]), CASES)
        for name, path, category, source in (
            (
                "symfony-page",
                "/symfony.php?form=page",
                "debug_page",
                "Symfony 5.4's ErrorHandler, its page",
            ),
            (
                "symfony-class",
                "/symfony.php?form=class",
                "debug_page",
                "Symfony 5.4's ErrorHandler: a class that is not there",
            ),
            (
                "symfony-json",
                "/symfony.php?form=json",
                "stack_trace",
                "Symfony 5.4's ProblemNormalizer in debug mode",
            ),
        ):
            answer = pages.get(path)
            corpus.add(name, category, answer.status, as_given(answer), source)
        for name, path, category, headers, source in (
            (
                "laravel-json",
                "/laravel.php/orders/TEA-17",
                "stack_trace",
                {"Accept": "application/json"},
                "Laravel 8 with APP_DEBUG, as JSON",
            ),
            (
                "laravel-page",
                "/laravel.php/orders/TEA-17",
                "debug_page",
                {"Accept": "text/html"},
                "Laravel 8 with APP_DEBUG, without Ignition",
            ),
            (
                "laravel-method",
                "/laravel.php/orders",
                "stack_trace",
                {"Accept": "application/json"},
                "Laravel 8 with APP_DEBUG: a wrong method",
            ),
            (
                "laravel-controller",
                "/laravel.php/missing",
                "stack_trace",
                {"Accept": "application/json"},
                "Laravel 8 with APP_DEBUG: a controller that is not there",
            ),
        ):
            answer = server.get(path, headers)
            corpus.add(name, category, answer.status, as_given(answer), source)
    corpus.print()
