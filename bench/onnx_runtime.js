// Pictures a second of an ONNX file in ONNX Runtime: node onnx_runtime.js FILE [THREADS] [SECONDS]
// Its package is no part of Seam: npm install --ignore-scripts onnxruntime-node, and NODE_PATH where it is.
const ort = require('onnxruntime-node');

async function main([file, threads = '2', seconds = '2']) {
  const session = await ort.InferenceSession.create(file, {intraOpNumThreads: +threads, graphOptimizationLevel: 'all'});
  const name = session.inputNames[0];
  const shape = (session.inputMetadata ? session.inputMetadata[0].shape : [1, 3, 224, 224]).map((n) => +n || 1);
  const numbers = shape.reduce((a, b) => a * b);
  const feeds = {[name]: new ort.Tensor('float32', Float32Array.from({length: numbers}, () => 255 * Math.random()), shape)};
  const pictures = numbers / (3 * shape.at(-1) * shape.at(-2));
  for (let i = 0; i < 5; i++) await session.run(feeds);
  const start = process.hrtime.bigint();
  const past = () => Number(process.hrtime.bigint() - start) / 1e9;
  let done = 0;
  for (; past() < +seconds; done += pictures) await session.run(feeds);
  console.log((done / past()).toFixed(1));
}
main(process.argv.slice(2));
