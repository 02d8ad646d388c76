// A worker and a client of gearmand that echo, by libgearman.
#include "round_trips.hpp"
#include "side_by_side.hpp"

#include <libgearman-1.0/gearman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

constexpr const char* host = "127.0.0.1";
constexpr const char* service = "echo";

void check(gearman_return_t result, const char* what) {
    if (gearman_failed(result))
        throw std::runtime_error{std::string{what} + ": " + gearman_strerror(result)};
}

gearman_return_t echo(gearman_job_st* job, void* /*context*/) {
    return gearman_job_send_complete(job, gearman_job_workload(job),
                                     gearman_job_workload_size(job));
}

[[noreturn]] void work(in_port_t port) {
    gearman_worker_st* worker = gearman_worker_create(nullptr);
    check(gearman_worker_add_server(worker, host, port), "add_server");
    check(gearman_worker_define_function(worker, service, std::strlen(service),
                                         gearman_function_create(echo), 0, nullptr),
          "define_function");
    bench::print_listening("jobs");
    for (;;)
        check(gearman_worker_work(worker), "work");
}

class client {
public:
    explicit client(in_port_t port) : client_{gearman_client_create(nullptr)} {
        check(gearman_client_add_server(client_, host, port), "add_server");
        gearman_client_set_complete_fn(client_, [](gearman_task_st* task) {
            ++*static_cast<std::uint64_t*>(gearman_task_context(task));
            return GEARMAN_SUCCESS;
        });
    }
    client(const client&) = delete;
    client& operator=(const client&) = delete;
    ~client() { gearman_client_free(client_); }

    /// `outstanding` jobs together, then as many again.
    double run(std::size_t size, std::uint64_t count, std::uint64_t outstanding) {
        const std::string body(size, 'x');
        bench::stopwatch watch;
        watch.start();
        std::uint64_t done = 0;
        for (std::uint64_t sent = 0; sent < count;) {
            const std::uint64_t end = std::min(count, sent + outstanding);
            for (; sent < end; ++sent) {
                gearman_return_t result{};
                gearman_client_add_task(client_, nullptr, &done, service, nullptr, body.data(),
                                        body.size(), &result);
                check(result, "add_task");
            }
            check(gearman_client_run_tasks(client_), "run_tasks");
            gearman_client_task_free_all(client_);
        }
        if (done != count)
            throw std::runtime_error{"not all jobs were done"};
        return watch.seconds();
    }

    void ask(std::size_t size, std::uint64_t count) {
        std::string body(size, 'x');
        bench::time_round_trips(count, [&](std::uint64_t number) {
            bench::write_number(body.data(), number);
            std::size_t length = 0;
            gearman_return_t result{};
            void* reply = gearman_client_do(client_, service, nullptr, body.data(), body.size(),
                                            &length, &result);
            check(result, "do");
            bench::check_body(reply, length, size, number);
            std::free(reply); // as libgearman wants it
        });
    }

private:
    gearman_client_st* client_;
};

void run(std::span<char*> words) {
    const auto number = [&](std::size_t at) {
        return bench::read_number<std::uint64_t>(words[at], 1);
    };
    const auto is = [&](std::string_view verb, std::size_t count) {
        return words.size() == count + 2 && words[1] == verb;
    };
    const auto port = static_cast<in_port_t>(words.size() > 2 ? number(2) : 0);
    if (is("worker", 1))
        work(port);
    if (is("client", 4))
        return bench::report_seconds(client{port}.run(number(3), number(4), number(5)));
    if (is("ask", 3))
        return client{port}.ask(number(3), number(4));
    throw std::invalid_argument{"worker PORT | client PORT SIZE COUNT OUTSTANDING | ask PORT SIZE "
                                "COUNT; a body has 8 octets or more"};
}

} // namespace

int main(int argc, char** argv) {
    return bench::run_main([&] { run({argv, static_cast<std::size_t>(argc)}); });
}
