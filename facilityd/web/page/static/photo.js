// A photo is made smaller before it is sent: a phone's is megabytes, and the square's network is slow. Without this it
// is sent as it is. What cannot be shown here is left to the server, which says what is wrong with it.
const MOST = 1600; // pixels of the longer side

async function smaller(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const part = Math.min(1, MOST / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * part);
  canvas.height = Math.round(picture.height * part);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.82));
}

document.addEventListener("change", async (event) => {
  const field = event.target;
  const [file] = field.id === "photo" ? field.files : [];
  if (!file) return;
  field.dataset.busy = ""; // no news replaces the form while it is read
  try {
    const blob = await smaller(file);
    if (blob && blob.size < file.size && field.files[0] === file) {
      const list = new DataTransfer();
      list.items.add(new File([blob], "photo.jpg", { type: "image/jpeg" }));
      field.files = list.files;
    }
  } catch { /* it is sent as it is */ }
  delete field.dataset.busy;
});
