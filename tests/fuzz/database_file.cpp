// Files of any bytes: as the database, as the log beside a good one, and as a wound in either.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz/input.hpp"
#include "integration/sqlite_support.hpp"
#include "store/adding.hpp"
#include "store/reading.hpp"
#include "store/settling.hpp"
#include "store/sweeping.hpp"

using namespace cofila;
namespace fs = std::filesystem;

namespace {

std::string read_file(const std::string& path)
{
    std::ifstream file{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
}

void write_file(const std::string& path, std::string_view held) { std::ofstream{path, std::ios::binary} << held; }

/// In memory, where there is such a place: each input is a file of its own.
struct site {
    fs::path folder = fs::exists("/dev/shm") ? "/dev/shm" : fs::temp_directory_path();
    std::string path = (folder / ("cofila-fuzz-" + std::to_string(::getpid()) + ".db")).string();
    std::string good{};      // a database with jobs in it
    std::string good_log{};  // and what a writer that was killed left beside it

    site()
    {
        remove();
        {
            test::writing_runner runner{test::connecting(path), false};
            test::run_one(runner, [](auto& with) { store::add(with, test::one_job("a")); });
            test::run_one(runner, [](auto& with) {
                store::add(with, test::one_job("long", '"' + std::string(5000, 'x') + '"'));
            });
        }
        good = read_file(path);
        test::writing_runner runner{test::connecting(path), false};
        test::run_one(runner, [](auto& with) { store::add(with, test::one_job("b")); });
        good_log = read_file(path + "-wal");
    }
    ~site() { remove(); }

    void remove() const
    {
        for (const char* end : {"", "-wal", "-shm", "-journal"})
            fs::remove(path + end);
    }
};

std::string wounded(std::string held, fuzz::reader& from)
{
    while (!from.empty()) {
        const auto at = from.take<std::uint32_t>() % held.size();
        const auto wound = from.take_bytes(std::size_t{1} + from.take<std::uint8_t>() % 16u);
        held.replace(at, wound.size(), wound);
    }
    return held;
}

void write_files(const site& at, fuzz::reader& from)
{
    switch (from.take<std::uint8_t>() % 5) {
    case 0:
        write_file(at.path, from.rest());
        break;
    case 1:
        write_file(at.path, at.good);
        write_file(at.path + "-wal", from.rest());
        break;
    case 2:
        write_file(at.path, wounded(at.good, from));
        break;
    case 3:
        write_file(at.path, at.good);
        write_file(at.path + "-wal", wounded(at.good_log, from));
        break;
    default:
        write_file(at.path, std::string_view{at.good}.substr(0, from.take<std::uint32_t>() % at.good.size()));
        write_file(at.path + "-wal", std::string_view{at.good_log}.substr(0, from.take<std::uint32_t>()));
    }
}

/// Every operation gives an answer, or an error of the library's.
void use(const std::string& path)
{
    const auto may_fail = [](store::batch_runner& on, test::test_operation::work what) {
        try {
            test::run_one(on, std::move(what));
        } catch (const error&) {}
    };
    test::writing_runner writer{test::connecting(path), false};
    may_fail(writer, [](auto& with) { store::add(with, test::one_job("new")); });
    auto reading = test::connecting(path);
    reading.read_only = true;
    test::reading_runner reader{reading};
    may_fail(reader, [](auto& with) { store::list(with, "q", {}, {}); });
    may_fail(reader, [](auto& with) { store::get(with, "q", "long"); });
    may_fail(reader, [](auto& with) { store::counts(with, "q"); });
    may_fail(reader, [](auto& with) { test::tables_of(with).locks(); });
    may_fail(writer, [](auto& with) {
        settle_and_claim_request request{.now = test::manual_clock::start};
        request.claim =
            claim_order{.queue = "q", .tokens = {{1, 1}, {1, 2}}, .worker = "w", .lock_duration = seconds{30}};
        store::settle_and_claim(with, request);
    });
    may_fail(writer, [](auto& with) { store::sweep(with, {.now = test::manual_clock::start}); });
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static const site at;
    fuzz::reader from{data, size};
    at.remove();
    write_files(at, from);
    use(at.path);
    return 0;
}
