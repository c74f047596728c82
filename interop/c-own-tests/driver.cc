// Runs the tests of the C client that are linked in, and prints each as a case, a JSON object a line.
#include <cppunit/Exception.h>
#include <cppunit/SourceLine.h>
#include <cppunit/Test.h>
#include <cppunit/TestFailure.h>
#include <cppunit/TestListener.h>
#include <cppunit/TestResult.h>
#include <cppunit/TestRunner.h>
#include <cppunit/extensions/TestFactoryRegistry.h>

#include <csignal>
#include <cstdio>
#include <string>

static std::string quoted(const std::string &text) {
  std::string out = "\"";
  for (unsigned char c : text) {
    char escaped[8];
    if (c == '"' || c == '\\' || c < 0x20) {
      std::snprintf(escaped, sizeof escaped, "\\u%04x", c);
      out += escaped;
    } else {
      out += static_cast<char>(c);
    }
  }
  return out + "\"";
}

class Reporter : public CPPUNIT_NS::TestListener {
 public:
  int count = 0;

  void startTest(CPPUNIT_NS::Test *) override { problem_.clear(); }

  void addFailure(const CPPUNIT_NS::TestFailure &failure) override {
    const CPPUNIT_NS::SourceLine line = failure.sourceLine();
    problem_ += std::string(failure.thrownException()->what()) + " at line " + std::to_string(line.lineNumber());
  }

  void endTest(CPPUNIT_NS::Test *test) override {
    count++;
    std::printf("{\"case\": %s, \"status\": \"%s\", \"detail\": %s}\n", quoted(test->getName()).c_str(),
                problem_.empty() ? "passed" : "failed", quoted(problem_).c_str());
    std::fflush(stdout);
  }

 private:
  std::string problem_;
};

int main() {
  std::signal(SIGPIPE, SIG_IGN);
  CPPUNIT_NS::TestResult result;
  Reporter reporter;
  result.addListener(&reporter);
  CPPUNIT_NS::TestRunner runner;
  runner.addTest(CPPUNIT_NS::TestFactoryRegistry::getRegistry().makeTest());
  runner.run(result);
  std::printf("{\"end\": %d}\n", reporter.count);
  return 0;
}
