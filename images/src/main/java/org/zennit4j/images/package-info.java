/**
 * Images in, heatmaps out.
 *
 * <p>{@link org.zennit4j.images.RgbImage} reads PNG and JPEG files, {@link
 * org.zennit4j.images.Preprocessing} turns one into the tensor a network expects, {@link
 * org.zennit4j.images.Heatmap} turns the relevance that comes back into a picture, and {@link
 * org.zennit4j.images.Panels} puts several pictures side by side. {@link
 * org.zennit4j.images.Images} and {@link org.zennit4j.images.ColorMap} offer Zennit's image
 * functions and colour maps with Zennit's arguments, {@link org.zennit4j.images.RelevanceMaps}
 * SIGN-XAI's utilities.
 *
 * <p>Nothing here knows a network. All classes are immutable and thread-safe, every failure is an
 * {@link org.zennit4j.images.ImageException} whose message is one line. Tensors that are handed in
 * are only read, and never closed; tensors that are returned belong to the caller: they are
 * attached to the caller's innermost {@code PointerScope}, if there is one.
 */
package org.zennit4j.images;
