// Copies all queues from one store to another, while no worker runs: from a SQLite file to PostgreSQL, or back.
//   cofila_copy FROM TO [SCHEMA]
#include <exception>
#include <iostream>
#include <string>

#include "copy.hpp"

int main(int argc, char** argv)
{
    if (argc != 3 && argc != 4) {
        std::cerr << "usage: cofila_copy FROM TO [SCHEMA]\n"
                     "FROM and TO are SQLite files or PostgreSQL addresses, SCHEMA is that of the latter.\n";
        return 2;
    }
    const std::string schema = argc == 4 ? argv[3] : "";
    try {
        auto from = copying::open(argv[1], schema);
        auto to = copying::open(argv[2], schema);
        copying::copy_all(from, to, [](const std::string& queue, copying::count done) {
            std::cout << queue << ": " << done.copied << " of " << done.jobs << " jobs copied\n";
        });
    } catch (const std::exception& e) {
        std::cerr << e.what() << '\n';
        return 1;
    }
}
