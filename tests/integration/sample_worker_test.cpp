#include <doctest/doctest.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "support/child_process.hpp"
#include "support/temp_folder.hpp"

namespace fs = std::filesystem;
using cofila::test::child_process;

TEST_SUITE_BEGIN("sample worker");

namespace {

void write_file(const fs::path& path, const std::string& text)
{
    fs::create_directories(path.parent_path());
    std::ofstream{path, std::ios::binary} << text;
}

struct tree {
    cofila::test::temp_folder folder{};
    const fs::path root = folder.path() / "tree";

    void grow(int files) const
    {
        for (int i = 0; i < files; ++i)
            write_file(root / std::to_string(i % 10) / ("file " + std::to_string(i)), "text " + std::to_string(i));
    }

    /// Appends the id of each digest to `log`: to its standard output, since a pipe is a file too.
    std::vector<std::string> digest(const std::string& log = "/dev/stdout", const std::string& manifest = "manifest")
        const
    {
        return {
            cofila::test::program("COFILA_SAMPLE_WORKER"),
            "digest",
            "--database",
            folder.file("digest.db"),
            "--manifest",
            folder.file(manifest),
            "--log-digests",
            log,
            root.string()
        };
    }

    bool sha256sum_agrees() const
    {
        return std::system(("sha256sum --check --quiet --strict '" + folder.file("manifest") + "'").c_str()) == 0;
    }
    int manifest_lines() const
    {
        std::ifstream in{folder.file("manifest")};
        int lines = 0;
        for (std::string line; std::getline(in, line);)
            ++lines;
        return lines;
    }
};

bool is_digest(const std::string& line) { return line.size() == 64 && line.find(' ') == std::string::npos; }

/// Reads a number of digests of a run and adds them to those of the runs before.
void read_digests(child_process& run, int count, std::multiset<std::string>& digests)
{
    while (count > 0) {
        const auto line = run.read_line();
        if (is_digest(line)) {
            digests.insert(line);
            --count;
        }
    }
}

void read_all_digests(child_process& run, std::multiset<std::string>& digests)
{
    std::istringstream rest{run.read_rest()};
    for (std::string line; std::getline(rest, line);)
        if (is_digest(line))
            digests.insert(line);
}

bool none_twice(const std::multiset<std::string>& digests)
{
    return std::set<std::string>(digests.begin(), digests.end()).size() == digests.size();
}

}  // namespace

TEST_CASE("sha256sum confirms the manifest, whatever the files are called")
{
    const tree here;
    for (const std::string name :
         {"plain",
          "with space",
          "-dash",
          "line\nbreak",
          "back\\slash",
          "carriage\rreturn",
          "100%",
          "\xC3\xBC",
          "\xFF\xFE"})
        write_file(here.root / name, "text of " + name);
    write_file(here.root / "empty", "");
    write_file(here.root / "deep" / "down" / "large", std::string(3'000'000, 'x'));
    fs::create_symlink("plain", here.root / "link");
    child_process run{here.digest()};
    run.read_rest();
    CHECK(run.wait() == 0);
    CHECK(here.manifest_lines() == 11);
    CHECK(here.sha256sum_agrees());
    struct stat database{};
    REQUIRE(::stat(here.folder.file("digest.db").c_str(), &database) == 0);
    CHECK((database.st_mode & 0777) == 0600);
}

TEST_CASE("what cannot be read is listed with the reason, and the rest goes on")
{
    const tree here;
    here.grow(20);
    auto command = here.digest();
    command.push_back((here.root / "nowhere").string());
    child_process run{command};
    const auto output = run.read_rest();
    CHECK(run.wait() == 1);
    CHECK(output.find("nowhere: No such file or directory") != std::string::npos);
    CHECK(here.manifest_lines() == 20);
    CHECK(here.sha256sum_agrees());
}

TEST_CASE("the files of a database in the tree are left out, by whatever name it is opened")
{
    const tree here;
    here.grow(20);
    const auto database = here.root / "0" / "digest.db";
    // As a run leaves it that was killed.
    write_file(database.string() + "-reserve", "");
    fs::resize_file(database.string() + "-reserve", 20'000'000);
    auto command = here.digest();
    command.at(3) = database.string();
    child_process first{command};
    first.read_rest();
    CHECK(first.wait() == 0);
    CHECK(here.manifest_lines() == 20);
    CHECK(here.sha256sum_agrees());
    command.at(3) = here.folder.file("link.db");
    fs::create_symlink(database, command.at(3));
    child_process second{command};
    second.read_rest();
    CHECK(second.wait() == 0);
    CHECK(here.manifest_lines() == 20);
    CHECK(here.sha256sum_agrees());
}

TEST_CASE("a run that was interrupted goes on, and digests no file twice")
{
    const tree here;
    here.grow(3000);
    std::multiset<std::string> digests;
    child_process first{here.digest()};
    read_digests(first, 100, digests);
    first.send(SIGINT);
    read_all_digests(first, digests);
    CHECK(first.wait() == 3);
    CHECK_FALSE(fs::exists(here.folder.file("manifest")));
    child_process second{here.digest()};
    read_all_digests(second, digests);
    CHECK(second.wait() == 0);
    CHECK(digests.size() == 3000);
    CHECK(none_twice(digests));
    CHECK(here.sha256sum_agrees());
}

TEST_CASE("a run that was killed three times goes on, and digests no file twice after its completion was told")
{
    const tree here;
    here.grow(3000);
    std::multiset<std::string> digests;
    for (int kill = 0; kill < 3; ++kill) {
        child_process killed{here.digest()};
        read_digests(killed, 100, digests);
        killed.send(SIGKILL);
        read_all_digests(killed, digests);
        CHECK(killed.wait() == 128 + SIGKILL);
    }
    child_process last{here.digest()};
    read_all_digests(last, digests);
    CHECK(last.wait() == 0);
    CHECK(none_twice(digests));
    CHECK(here.manifest_lines() == 3000);
    CHECK(here.sha256sum_agrees());
}

TEST_CASE("two runs on one database share the files and both end with the whole manifest")
{
    const tree here;
    here.grow(2000);
    const auto log = here.folder.file("log");  // a pipe that nobody reads would hold a run up
    child_process first{here.digest(log)};
    child_process second{here.digest(log, "manifest of the second")};
    CHECK(first.wait() == 0);
    CHECK(second.wait() == 0);
    std::ifstream lines{log};
    std::multiset<std::string> digests;
    for (std::string line; std::getline(lines, line);)
        digests.insert(line);
    CHECK(none_twice(digests));
    CHECK(digests.size() == 2000);
    CHECK(here.manifest_lines() == 2000);
    CHECK(here.sha256sum_agrees());
}

TEST_CASE("the tour finds everything as it has to be")
{
    child_process tour{{cofila::test::program("COFILA_SAMPLE_WORKER"), "tour"}};
    const auto output = tour.read_rest();
    CHECK(tour.wait() == 0);
    CHECK(output.find(" 0 failed") != std::string::npos);
}

TEST_SUITE_END();
