// F41, F49, F51, F53, F29: places where a file cannot be opened, made or written.
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "integration/sqlite_support.hpp"
#include "sqlite/file_place.hpp"
#include "sqlite/schema.hpp"
#include "storage/in_child.hpp"
#include "store/adding.hpp"
#include "support/error_of.hpp"
#include "support/print.hpp"
#include "support/run_coro.hpp"

namespace asio = boost::asio;
namespace fs = std::filesystem;
using namespace cofila;
using namespace cofila::test;

namespace {

std::string in_words(const thrown_error& e)
{
    if (!e.code)
        return "stored";
    return e.code.message() + ": " + e.text;
}

/// Opens the file, adds a job, and says what came of it.
std::string add_to(const std::string& path, const std::string& id = "a", const std::string& data = "{}")
{
    return in_words(error_of([&] {
        auto options = connecting(path);
        options.clock = system_clock();
        writing_runner runner{options, false};
        run_one(runner, [&](sqlite::session& tx) { store::add(tx, one_job(id, data)); });
    }));
}

std::string readonly() { return make_error_code(errc::storage_readonly).message(); }

bool says(const std::string& answer, const std::string& what) { return answer.find(what) != std::string::npos; }

/// A folder that everybody may use, with a database of root's in it.
struct shared_folder {
    temp_folder folder{};
    std::string path = folder.file("jobs.db");

    shared_folder()
    {
        fs::permissions(folder.path(), fs::perms::all);
        REQUIRE(add_to(path) == "stored");
    }
    ~shared_folder() { fs::permissions(folder.path(), fs::perms::all); }

    std::string add_as_nobody() const
    {
        return in_child([this] {
            become_nobody();
            return add_to(path, "b");
        });
    }
};

}  // namespace

TEST_SUITE_BEGIN("place");

TEST_CASE_FIXTURE(shared_folder, "F49: a file that may not be written, or not even read, is refused with the reason")
{
    for (const auto allowed : {fs::perms{0444}, fs::perms{0}}) {
        fs::permissions(path, allowed);
        const auto answer = add_as_nobody();
        INFO(answer);
        CHECK(answer.starts_with(readonly()));
        CHECK(says(answer, path));
    }
    fs::permissions(path, fs::perms{0666});
    CHECK(add_as_nobody() == "stored");
}

TEST_CASE_FIXTURE(
    shared_folder, "F49: in a folder that may not be written or entered nothing is opened and nothing is made"
)
{
    fs::permissions(path, fs::perms{0666});
    for (const auto allowed : {fs::perms{0555}, fs::perms{0}}) {
        fs::permissions(folder.path(), allowed);
        const auto old_file = add_as_nobody();
        INFO(old_file);
        CHECK(old_file.starts_with(readonly()));
        const auto new_file = in_child([this] {
            become_nobody();
            return add_to(folder.file("new.db"));
        });
        INFO(new_file);
        CHECK(new_file.starts_with(readonly()));
    }
    fs::permissions(folder.path(), fs::perms::all);
    CHECK_FALSE(fs::exists(folder.file("new.db")));
    CHECK(add_to(path, "b") == "stored");
}

TEST_CASE("F41: what is no regular file is refused at once")
{
    const temp_folder folder;
    const auto pipe = folder.file("pipe");
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    const auto socket = folder.file("socket");
    const int made = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
    socket.copy(name.sun_path, sizeof name.sun_path - 1);
    REQUIRE(::bind(made, reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
    for (const auto& path : {pipe, socket, folder.path().string(), std::string{"/dev/null"}}) {
        const auto answer = add_to(path);
        INFO(answer);
        CHECK(answer.starts_with(readonly()));
        CHECK(says(answer, "no regular file"));
    }
    ::close(made);
}

TEST_CASE("F41: an empty file becomes a database, one of a byte stays as it is")
{
    const temp_folder folder;
    std::ofstream{folder.file("empty.db")};
    CHECK(add_to(folder.file("empty.db")) == "stored");
    std::ofstream{folder.file("byte.db")} << 'x';
    const auto answer = add_to(folder.file("byte.db"));
    INFO(answer);
    CHECK(answer.starts_with(make_error_code(errc::storage_corrupt).message()));
    CHECK(fs::file_size(folder.file("byte.db")) == 1);
}

TEST_CASE("F49: paths that are long, strange or lead through other folders work, or are refused with a reason")
{
    const temp_folder folder;
    fs::create_directory(folder.file("sub"));
    CHECK(add_to(sqlite::resolved_path(folder.file("sub/../through.db"))) == "stored");
    CHECK(fs::exists(folder.file("through.db")));
    CHECK(add_to(folder.file("\xFF\xFE not UTF-8 '\"%?#.db")) == "stored");
    CHECK(add_to(folder.file("\xF0\x9F\x90\xBF.db")) == "stored");
    for (const auto& path : {folder.file(std::string(300, 'n')), folder.file(std::string(4096, 'n'))}) {
        const auto answer = add_to(path);
        CHECK_MESSAGE(answer.starts_with(readonly()), answer);
    }
    fs::create_symlink("loop.db", folder.file("loop.db"));
    const auto answer = add_to(folder.file("loop.db"));
    CHECK_MESSAGE(answer.starts_with(readonly()), answer);
}

TEST_CASE("F51: a file with a second name causes a warning")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    REQUIRE(add_to(path) == "stored");
    std::vector<std::string> lines;
    logger log{.level = log_level::warning, .sink = [&](log_level, std::string_view line) {
                   lines.emplace_back(line);
               }};
    const auto open_and_close = [&]() -> asio::awaitable<void> {
        const auto store = co_await open({.path = path, .log = log});
        co_await store->close();
    };
    run_coro(open_and_close);
    CHECK(lines.empty());
    fs::create_hard_link(path, folder.file("second.db"));
    run_coro(open_and_close);
    REQUIRE(lines.size() == 1);
    CHECK(says(lines.front(), "hard link"));
}

TEST_CASE(
    "F29: a limit on the size of files fails what does not fit; what was stored stays, and the rest goes on without it"
)
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    REQUIRE(add_to(path) == "stored");
    const auto answers = in_child([&] {
        ::signal(SIGXFSZ, SIG_IGN);
        auto options = connecting(path);
        options.clock = system_clock();
        writing_runner runner{options, false};
        rlimit limit{.rlim_cur = 300'000, .rlim_max = RLIM_INFINITY};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        std::string out;
        const auto add = [&](const std::string& id, std::size_t bytes) {
            out += in_words(error_of([&] {
                       run_one(runner, [&](sqlite::session& tx) {
                           store::add(tx, one_job(id, '"' + std::string(bytes, 'x') + '"'));
                       });
                   })).substr(0, 40) +
                   '\n';
        };
        add("small", 10);
        add("large", 500'000);
        add("small again", 10);
        limit.rlim_cur = RLIM_INFINITY;
        ::setrlimit(RLIMIT_FSIZE, &limit);
        add("large again", 500'000);
        return out;
    });
    INFO(answers);
    CHECK(answers.starts_with("stored\n"));
    CHECK(answers.ends_with("\nstored\nstored\n"));
    CHECK(std::ranges::count(answers, '\n') == 4);
    CHECK(ask(path, "SELECT count(*) FROM cofila_jobs WHERE id IN ('small', 'small again', 'large again')") == 3);
    CHECK(ask(path, "SELECT count(*) FROM cofila_jobs WHERE id = 'large'") == 0);
}

TEST_CASE("F53: without a free descriptor nothing is opened; with one it works")
{
    const temp_folder folder;
    const auto path = folder.file("jobs.db");
    REQUIRE(add_to(path) == "stored");
    const auto answers = in_child([&] {
        rlimit limit{};
        ::getrlimit(RLIMIT_NOFILE, &limit);
        const auto before = limit.rlim_cur;
        std::string out;
        for (rlim_t free = 0; free <= 12; ++free) {
            limit.rlim_cur = 3 + free;
            ::setrlimit(RLIMIT_NOFILE, &limit);
            const auto answer = add_to(path, "with " + std::to_string(free));
            if (answer != "stored" && !answer.starts_with(readonly()))
                out += answer + '\n';
            const auto fresh = add_to(folder.file("new" + std::to_string(free)));
            if (fresh != "stored" && !fresh.starts_with(readonly()))
                out += fresh + '\n';
        }
        limit.rlim_cur = before;
        ::setrlimit(RLIMIT_NOFILE, &limit);
        return out + add_to(path, "at last");
    });
    CHECK(answers == "stored");
    CHECK(ask(path, "SELECT count(*) FROM cofila_jobs WHERE id = 'at last'") == 1);
    CHECK(ask(path, "SELECT count(*) FROM cofila_jobs WHERE id = 'with 0'") == 0);
}

TEST_CASE("F25: where the system gives no thread, opening throws and leaves nothing behind; where it does, it works")
{
    const temp_folder folder;
    fs::permissions(folder.path(), fs::perms::all);
    const auto answers = in_child([&] {
        become_nobody();
        const auto open_as = [&](const std::string& name) {
            try {
                run_coro([&]() -> asio::awaitable<void> {
                    const auto store = co_await open({.path = folder.file(name)});
                    co_await store->add(one_job("a"));
                    co_await store->close();
                });
            } catch (const std::system_error& e) {
                return std::string{e.code() == std::errc::resource_unavailable_try_again ? "no thread" : e.what()};
            }
            return std::string{"stored"};
        };
        rlimit limit{};
        ::getrlimit(RLIMIT_NPROC, &limit);
        const auto before = limit.rlim_cur;
        std::string out;
        // The first limit that allows one of the two threads, and all below it. Others of this user count, too.
        for (rlim_t allowed = 0; allowed <= 20; ++allowed) {
            limit.rlim_cur = allowed;
            ::setrlimit(RLIMIT_NPROC, &limit);
            const auto answer = open_as("jobs.db");
            if (answer != "no thread" && answer != "stored")
                out += answer + '\n';
            if (allowed == 0)
                out += answer + '\n';
        }
        limit.rlim_cur = before;
        ::setrlimit(RLIMIT_NPROC, &limit);
        return out + open_as("jobs.db");
    });
    CHECK(answers == "no thread\nstored");
}

TEST_SUITE_END();
