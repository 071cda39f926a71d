#ifndef MODBOUND_CLIENT_CLI_NPY_LAYOUT_H_
#define MODBOUND_CLIENT_CLI_NPY_LAYOUT_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace modbound {

// Column-major elements of `item_size` bytes (the first axis varies fastest)
// -> row-major. `bytes` has the product of `shape` elements.
std::string RowMajorFromColumnMajor(std::string_view bytes,
                                    const std::vector<int64_t>& shape,
                                    int item_size);

// Reverses the bytes of each element.
void SwapByteOrder(std::string& bytes, int item_size);

}  // namespace modbound

#endif  // MODBOUND_CLIENT_CLI_NPY_LAYOUT_H_
