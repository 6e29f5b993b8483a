// Without libFuzzer: reads every file as it is, then changed at random, so many times each. Deterministic.
//   fuzz_scenario CHANGES FILE...
// A text that is refused with anything but an InputError is written to ./finding, and its error ends the program.
#include <cstdio>
#include <exception>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "scenarios/reader/error.hpp"
#include "tests/fuzz/target.hpp"

namespace {

using Engine = std::mt19937_64;

std::size_t below(Engine& engine, std::size_t limit) { return limit == 0 ? 0 : engine() % limit; }

/// Numbers and signs at which readers stumble.
const std::vector<std::string> kWords = {"-1",     "0",  "1e308", "nan", "inf", "9223372036854775807",
                                         "1e-320", "''", "[]",    "{}",  "~",   ": ",
                                         "- ",     "\n", "\r\n",  "*a",  "&a",  "\"",
                                         "\t",     "#",  "TB",    "\xff"};

void change(std::string& text, const std::vector<std::string>& corpus, Engine& engine) {
  const std::size_t at = below(engine, text.size() + 1), length = below(engine, 40);
  switch (engine() % 6) {
    case 0:
      if (at < text.size()) text[at] = static_cast<char>(engine());
      break;
    case 1:
      text.erase(at, length);
      break;
    case 2:
      text.insert(at, kWords[below(engine, kWords.size())]);
      break;
    case 3:  // a value for another
      if (const auto colon = text.find(": ", at); colon != std::string::npos)
        text.replace(colon + 2, text.find('\n', colon) - colon - 2, kWords[below(engine, kWords.size())]);
      break;
    case 4: {  // a piece of another file, or of this one again
      const std::string& other = corpus[below(engine, corpus.size())];
      text.insert(at, other.substr(below(engine, other.size() + 1), length));
      break;
    }
    case 5:
      if (const auto end = text.find('\n', at); end != std::string::npos) text.insert(end, text.substr(at, end - at));
      break;
  }
}

void try_to_read(const std::string& text) {
  try {
    flotilla::fuzz::read(text);
  } catch (const flotilla::InputError&) {  // refused, as it should be
  } catch (const std::exception& e) {
    std::ofstream("finding", std::ios::binary) << text;
    std::fprintf(stderr, "in ./finding: %s\n", e.what());
    throw;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const int changes = std::stoi(argv[1]);
  std::vector<std::string> corpus;
  for (int i = 2; i < argc; ++i) {
    std::ifstream in(argv[i], std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  for (const auto& seed : corpus) try_to_read(seed);
  Engine engine(1);
  for (int i = 0; i < changes; ++i) {
    for (const auto& seed : corpus) {
      std::string text = seed;
      for (std::size_t n = below(engine, 4) + 1; n > 0; --n) change(text, corpus, engine);
      try_to_read(text);
    }
  }
  std::printf("%zu files, each changed %d times: read or refused\n", corpus.size(), changes);
  return 0;
}
