# Writes the bytes of INPUT as a C++ array into OUTPUT.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE ${OUTPUT}
"#include <cstddef>
namespace modbound {
extern const unsigned char kContract[];
extern const std::size_t kContractSize;
const unsigned char kContract[] = {${bytes}};
const std::size_t kContractSize = sizeof(kContract);
}  // namespace modbound
")
