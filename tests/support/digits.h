#ifndef MODBOUND_TESTS_SUPPORT_DIGITS_H_
#define MODBOUND_TESTS_SUPPORT_DIGITS_H_

#include <string>

#include "core/training/classifier.h"

// The handwritten digits among the data that developers have beside the
// project: half of the test images of MNIST, two gzipped files in the IDX
// format.
namespace modbound {

// $MODBOUND_DATA/mnist-half-a; without that variable the folder shared/data
// beside the source folder.
std::string DigitsFolder();
bool HasDigits();

// S x 784 pixels in [0, 1], row by row of an image; labels 0 ... 9. Fails the
// test and gives none when a file is not as it should be.
LabelledSamples LoadDigits();

}  // namespace modbound

#endif  // MODBOUND_TESTS_SUPPORT_DIGITS_H_
