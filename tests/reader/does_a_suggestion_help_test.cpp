// Is the word that was meant suggested, and silence kept where none is near?
#include <doctest/doctest.h>

#include "scenarios/reader/node.hpp"

using flotilla::reader::did_you_mean;
using flotilla::reader::in_quotes;
using flotilla::reader::listed;
using flotilla::reader::suggest;

namespace {
const std::vector<std::string> kKeys{"weights", "kv_cache_dtype", "tensor_parallel_size", "replicas", "tp", "on"};
}

TEST_CASE("slips of the pen are found") {
  CHECK(did_you_mean("wieghts", kKeys) == "weights");   // swapped
  CHECK(did_you_mean("weight", kKeys) == "weights");    // dropped
  CHECK(did_you_mean("weightss", kKeys) == "weights");  // doubled
  CHECK(did_you_mean("weigjts", kKeys) == "weights");   // neighbour
  CHECK(did_you_mean("kv-cache-dtype", kKeys) == "kv_cache_dtype");
  CHECK(did_you_mean("KV_CACHE_DTYPE", kKeys) == "kv_cache_dtype");
  CHECK(did_you_mean("tensor_paralel_sise", kKeys) == "tensor_parallel_size");
  CHECK(did_you_mean("tpp", kKeys) == "tp");
}

TEST_CASE("words that are far from all get no suggestion") {
  CHECK(did_you_mean("colour", kKeys).empty());
  CHECK(did_you_mean("xy", kKeys).empty());
  CHECK(did_you_mean("", kKeys).empty());
  CHECK(did_you_mean("a", {"b"}).empty());
  CHECK(did_you_mean("weights", {}).empty());
  CHECK(did_you_mean(std::string(100'000, 'w'), kKeys).empty());
}

TEST_CASE("the nearest of several wins, the first of equals") {
  CHECK(did_you_mean("h100-smx", {"h200-sxm", "h100-sxm"}) == "h100-sxm");
  CHECK(did_you_mean("h300-sxm", {"h100-sxm", "h200-sxm"}) == "h100-sxm");
}

TEST_CASE("a word that leaves something out is nearer than one with another digit") {
  CHECK(did_you_mean("llama-3-70b", {"llama-2-70b", "llama-3.1-70b", "llama-3.1-8b"}) == "llama-3.1-70b");
  CHECK(did_you_mean("fp4", {"bf16", "fp8", "nvfp4", "mxfp4"}).empty());
}

TEST_CASE("the beginning of one name alone is enough, or a name and more") {
  CHECK(did_you_mean("serving_groups", {"name", "serving", "router"}) == "serving");
  CHECK(did_you_mean("tensor", kKeys) == "tensor_parallel_size");
  CHECK(did_you_mean("spheron", {"spheron-spot", "spheron-on-demand"}).empty());
  CHECK(did_you_mean("on-demand", kKeys).empty());  // "on" is too short to be meant
}

TEST_CASE("a hint is a suggestion or a list") {
  CHECK(suggest("wieghts", kKeys) == "did you mean 'weights'?");
  CHECK(suggest("colour", {"a", "b"}) == "one of: a, b");
  CHECK(suggest("colour", {}).empty());
  std::vector<std::string> many;
  for (int i = 0; i < 30; ++i) many.push_back("name" + std::to_string(i));
  CHECK(listed(many).find("name23, ... (30 in all)") != std::string::npos);
}

TEST_CASE("a value is quoted for a message") {
  CHECK(in_quotes("abc") == "'abc'");
  CHECK(in_quotes("a\nb\x1b") == "'a\\nb\\x1b'");
  CHECK(in_quotes("größe") == "'größe'");
  CHECK(in_quotes(std::string(100, 'x')) == "'" + std::string(60, 'x') + "...'");
}
