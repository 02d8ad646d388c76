// Publishers and subscribers of every type, one of each pair libzmq's.
#include "sides.hpp"
#include <mizzen/pub.hpp>

#include <algorithm>
#include <cstddef>

namespace mizzen::testing {
namespace {

using strings = std::vector<std::string>;
using messages = std::vector<parts>;

std::string readable(const strings& reports) {
    std::string all;
    for (const std::string& report : reports)
        all += (report.front() == '\1' ? " +" : " -") + report.substr(1);
    return all;
}

template <class Pub, class Sub>
void check_heard(channel<Pub, Sub>& between, const messages& published, const messages& expected) {
    const messages got = between.heard(published);
    CHECK(got == expected);
}
template <class Pub, class Sub>
void check_reports(channel<Pub, Sub>& between, const strings& expected) {
    if constexpr (Pub::reports)
        CHECK(readable(between.reports()) == readable(expected));
}

// Messages go by the octets their first part begins with, each once, and whole.
template <class Pub, class Sub> void check_prefixes(channel<Pub, Sub>& between) {
    const messages all{{"A"}, {"Ab", "more", ""}, {"B", "A"}, {"Bbb"}, {""}, {"a"}, {"cA"}, {"\1"}};
    check_heard(between, {}, {}); // topics have an order once there is a connection
    between.subscribe("A");
    between.subscribe("Bb");
    check_heard(between, all, messages{{"A"}, {"Ab", "more", ""}, {"Bbb"}});
    check_reports(between, {wants("A"), wants("Bb")});
    between.unsubscribe("A");
    between.subscribe("");
    check_heard(between, all, all);
    check_reports(between, {no_more("A"), wants("")});
    between.subscribe("A");
    check_heard(between, all, all);
    between.unsubscribe("");
    between.unsubscribe("A");
    check_heard(between, all, messages{{"Bbb"}});
    check_reports(between, {wants("A"), no_more(""), no_more("A")});
    between.unsubscribe("Bb");
    check_heard(between, all, {});
    check_reports(between, {no_more("Bb")});
}

// Around the sizes at which the frame that asks for a topic needs a longer header.
template <class Pub, class Sub>
void check_sizes(channel<Pub, Sub>& between, const std::vector<std::size_t>& sizes) {
    for (const std::size_t size : sizes) {
        CAPTURE(size);
        const std::string topic(size, 't');
        const std::string shorter(size - 1, 't');
        between.subscribe(topic);
        check_heard(between, {{topic}, {shorter}, {topic + "x", "y"}},
                    messages{{topic}, {topic + "x", "y"}});
        check_reports(between, {wants(topic)});
        between.unsubscribe(topic);
        check_heard(between, {{topic}}, {});
        check_reports(between, {no_more(topic)});
    }
}

template <class Pub, class Sub>
void check_content(channel<Pub, Sub>& between, const std::vector<shape>& shapes) {
    messages all;
    for (const shape& sizes : shapes)
        all.push_back(content(sizes, all.size()));
    between.subscribe("");
    const messages got = between.heard(all);
    REQUIRE(got.size() == all.size());
    for (std::size_t i = 0; i < all.size(); ++i)
        CHECK(difference(all[i], got[i]) == "");
}

const std::vector<std::size_t> all_sizes{1,   2,   245, 246, 247, 248, 249, 250,
                                         251, 252, 253, 254, 255, 256, 1000};
// What its SUB can ask for: others, it frames wrongly (pubsub_rules_test.cpp).
const std::vector<std::size_t> sizes_of_their_sub{1, 2, 244, 245, 256, 257, 1000};

template <class Pub, class Sub>
void publish_and_subscribe(bool publisher_binds, const std::vector<std::size_t>& sizes) {
    CAPTURE(publisher_binds);
    loop run;
    zmq_context context;
    Pub publisher{run, context};
    Sub subscriber{run, context};
    if (publisher_binds)
        subscriber.connect(publisher.bind());
    else
        publisher.connect(subscriber.bind());
    channel<Pub, Sub> between{run, publisher, subscriber};
    check_prefixes(between);
    check_sizes(between, sizes);
    check_content(between, ordinary_shapes());
    check_content(between, {{10'000'000}, {1, 10'000'000, 0, 256}});
}
template <class Pub, class Sub> void both_ways(const std::vector<std::size_t>& sizes = all_sizes) {
    publish_and_subscribe<Pub, Sub>(true, sizes);
    publish_and_subscribe<Pub, Sub>(false, sizes);
}

TEST_CASE("our PUB publishes to libzmq's SUB") {
    both_ways<our_side<pub>, their_side<ZMQ_SUB>>(sizes_of_their_sub);
}
TEST_CASE("our PUB publishes to libzmq's XSUB") {
    both_ways<our_side<pub>, their_side<ZMQ_XSUB>>();
}
TEST_CASE("our XPUB publishes to libzmq's SUB") {
    both_ways<our_side<xpub>, their_side<ZMQ_SUB>>(sizes_of_their_sub);
}
TEST_CASE("our XPUB publishes to libzmq's XSUB") {
    both_ways<our_side<xpub>, their_side<ZMQ_XSUB>>();
}
TEST_CASE("libzmq's PUB publishes to our SUB") { both_ways<their_side<ZMQ_PUB>, our_side<sub>>(); }
TEST_CASE("libzmq's PUB publishes to our XSUB") {
    both_ways<their_side<ZMQ_PUB>, our_side<xsub>>();
}
TEST_CASE("libzmq's XPUB publishes to our SUB") {
    both_ways<their_side<ZMQ_XPUB>, our_side<sub>>();
}
TEST_CASE("libzmq's XPUB publishes to our XSUB") {
    both_ways<their_side<ZMQ_XPUB>, our_side<xsub>>();
}

} // namespace
} // namespace mizzen::testing
